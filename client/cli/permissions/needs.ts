import { silenceLines } from '../../../adapters/alertmanager/rights.js';
import { callLine, callsOf, refusalLine, refusedInCreate } from '../../../adapters/docker/calls.js';
import { programLine } from '../../../adapters/exec/rights.js';
import { replaceLine } from '../../../adapters/filesystem/rights.js';
import { pushLine } from '../../../adapters/git/rights.js';
import { installedOn, logsLine, sudoersLines } from '../../../adapters/machines/script.js';
import { grantSql, grantsFor } from '../../../adapters/postgres-target/grants.js';
import { permissionsOf, ruleText, type KubernetesAction, type Permission } from '../../../domain/cluster.js';
import { unreachable } from '../../../domain/failure.js';
import type { Machine, MachineAction } from '../../../domain/machine.js';
import type { Action } from '../../../domain/service.js';

/** Rights that one action needs at one place, a line each, in the language of that place. */
export interface Need {
  /** What grants it: a server, a machine, a repository. */
  readonly where: string;
  readonly kind: 'grant' | 'call' | 'sudoers' | 'forcedCommand' | 'file' | 'program' | 'push' | 'request' | 'module' | 'role';
  readonly lines: readonly string[];
}

/** What hale must be allowed for this action and its undo, and no more. Slots are filled in, where they can be known. */
export function needsOf(action: Action): Need[] {
  switch (action.kind) {
    case 'exec':
      return programs([action.argv, action.undoArgv, action.verifyArgv]);
    case 'http':
      return [
        requests(
          [action.request, action.undoRequest].flatMap((one) => (one ? [`${one.method} ${one.url}`] : [])),
          action.verifyUrl,
        ),
      ];
    case 'file':
      return [file(replaceLine(action)), ...programs([action.then])];
    case 'release':
      return [file(replaceLine(action)), ...programs([action.then])];
    case 'git':
      return [{ where: action.repository, kind: 'push', lines: [pushLine(action)] }];
    case 'postgres': {
      const { hosts, port, database, user } = action.connection;
      const lines = grantsFor[action.statement](action).map((grant) => `${grantSql(grant, user)};`);
      return [{ where: `postgres://${user}@${hosts.join(',')}:${port}/${database}`, kind: 'grant', lines }];
    }
    case 'docker':
      return [{ where: action.source.url, kind: 'call', lines: dockerLines(action.operation) }];
    case 'kubernetes':
      return clusterNeeds(action);
    case 'systemd':
    case 'runit':
    case 'disk':
      return machineNeeds(action);
    case 'alertmanager':
      return [
        {
          where: action.source.url,
          kind: 'request',
          lines: Object.values(silenceLines),
        },
      ];
    case 'plugIn':
      return [{ where: 'this machine', kind: 'module', lines: [`load ${action.module}, and what its ${action.correction} does`] }];
    case 'wait':
    case 'inactive':
      return [];
    default:
      return unreachable(action);
  }
}

const file = (line: string): Need => ({ where: 'this machine', kind: 'file', lines: [line] });

const programs = (argvs: readonly (readonly string[] | undefined)[]): Need[] => {
  const lines = argvs.flatMap((argv) => (argv?.[0] === undefined ? [] : [programLine(argv)]));
  return lines.length === 0 ? [] : [{ where: 'this machine', kind: 'program', lines: [...new Set(lines)] }];
};

function requests(lines: readonly string[], verifyUrl: string | undefined): Need {
  const all = verifyUrl === undefined ? lines : [...lines, `GET ${verifyUrl}`];
  return { where: new URL(all[0]?.split(' ')[1] ?? 'http://nowhere').origin, kind: 'request', lines: all };
}

function dockerLines(operation: Extract<Action, { kind: 'docker' }>['operation']): string[] {
  const names = callsOf[operation];
  const lines = names.map(callLine);
  if (!names.includes('create')) return lines;
  return [...lines, ...refusedInCreate.map(refusalLine)];
}

/** A Role where it is enough, a ClusterRole for what is in no namespace; one line for each rule. */
const clusterNeeds = ({ access, namespace, command }: KubernetesAction): Need[] => {
  const rules = (scope: Permission['scope']): string[] => permissionsOf[command].filter((one) => one.scope === scope).map(ruleText);
  const cluster = access === 'inCluster' ? 'this cluster' : `the cluster of ${access}`;
  const needs: Need[] = [
    { where: `Role in namespace ${namespace} of ${cluster}`, kind: 'role', lines: rules('namespace') },
    { where: `ClusterRole of ${cluster}`, kind: 'role', lines: rules('cluster') },
  ];
  return needs.filter(({ lines }) => lines.length > 0);
};

function machineNeeds(action: MachineAction): Need[] {
  const { machine } = action;
  const where = machine === undefined ? 'this machine' : `${machine.user}@${machine.host}`;
  const logs: Need[] = action.kind === 'disk' ? [{ where, kind: 'file', lines: action.under.map(logsLine) }] : [];
  const sudoers = sudoersLines(machine?.user ?? 'hale', [action]);
  const asRoot: Need[] = sudoers.length === 0 ? [] : [{ where, kind: 'sudoers', lines: sudoers }];
  return [...(machine === undefined ? [] : installing(machine, where)), ...logs, ...asRoot];
}

function installing(machine: Machine, where: string): Need[] {
  const { hostKey, publicKey, script, state } = installedOn(machine);
  return [
    { where, kind: 'file', lines: [hostKey, script, state] },
    { where, kind: 'forcedCommand', lines: [publicKey] },
  ];
}
