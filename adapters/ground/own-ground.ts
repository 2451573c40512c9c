import type { Ground, Target } from '../../activities/ports.js';
import type { MachineAction } from '../../domain/machine.js';
import type { Action } from '../../domain/service.js';
import { ownInContainer, type Standing } from './containers.js';
import { folderOf, pathsOfWords, type Folders } from './folders.js';
import { isSameMachine } from './machines.js';
import { carriedBy } from './processes.js';
import { isOfDeployment, type OwnPod } from './pods.js';
import { serverAtUrl, serverOfWords, type Servers } from './servers.js';

/** What this hale runs on, as its processes know it. */
export interface Stand {
  /** Identity of its own PostgreSQL, as the provider of databases names that; undefined while it does not tell. */
  readonly database: () => Promise<string | undefined>;
  /** `host:port` of its servers. */
  readonly servers: Servers;
  /** Its own files and folders: state, and the program itself. */
  readonly folders: Folders;
  /** Absent where it runs in no pod. */
  readonly pod?: OwnPod | undefined;
  /** Its own process. */
  readonly process: number;
  /** The process that a unit or a service stands for; undefined where there is none, or nobody can tell. */
  readonly processOf: (target: Target<MachineAction>) => Promise<number | undefined>;
  /** Where a container is, and where others reach it; undefined when nobody can tell. */
  readonly standingOf: (target: Target<DockerAction>) => Promise<Standing | undefined>;
}

type DockerAction = Extract<Action, { kind: 'docker' }>;

/** Recognised by identity, never by a service's name: a link into the state folder is the state folder. */
export const ownGround = (stand: Stand): Ground => ({
  async ownOf(target, resource) {
    const { action } = target;
    if (action.kind === 'postgres' && resource === (await stand.database())) return 'PostgreSQL';
    if (action.kind === 'docker') {
      const standing = await stand.standingOf({ ...target, action });
      return standing === undefined ? undefined : ownInContainer(standing, stand.process, stand.servers);
    }
    if (isOnMachine(action)) return (await isHere(action)) ? ownOnMachine(stand, { ...target, action }) : undefined;
    if (action.kind === 'kubernetes' && stand.pod !== undefined && isOfDeployment(stand.pod, action)) return `pod ${stand.pod.name}`;
    return (await serverOf(stand, action)) ?? (await folderOf(stand.folders, [...targetPaths(action), ...pathsOfWords(wordsOf(action))]));
  },
});

const isOnMachine = (action: Action): action is MachineAction =>
  action.kind === 'systemd' || action.kind === 'runit' || action.kind === 'disk';

/** Paths and processes of another machine are none of hale's own. */
const isHere = async ({ machine }: MachineAction): Promise<boolean> => machine === undefined || isSameMachine(machine.host, 'localhost');

async function ownOnMachine(stand: Stand, target: Target<MachineAction>): Promise<string | undefined> {
  const { action } = target;
  if (action.kind === 'disk') return folderOf(stand.folders, action.under);
  const pid = await stand.processOf(target);
  return pid === undefined ? undefined : carriedBy(pid, stand.process, stand.servers);
}

async function serverOf({ servers }: Stand, action: Action): Promise<string | undefined> {
  if (action.kind === 'alertmanager') return serverAtUrl(servers, action.source.url);
  if (action.kind !== 'http') return serverOfWords(servers, wordsOf(action));
  const { request, undoRequest } = action;
  return (await serverAtUrl(servers, request.url)) ?? (undoRequest && serverAtUrl(servers, undoRequest.url));
}

function targetPaths(action: Action): string[] {
  if (action.kind === 'file') return [action.path];
  if (action.kind === 'git') return action.repository.startsWith('/') ? [action.repository] : [];
  return action.kind === 'release' ? [action.link] : [];
}

/** Program and arguments of every command of an action. */
function wordsOf(action: Target['action']): readonly string[] {
  switch (action.kind) {
    case 'exec':
      return [...action.argv, ...(action.undoArgv ?? [])];
    case 'file':
    case 'release':
      return action.then ?? [];
    case 'alertmanager':
    case 'git':
    case 'disk':
    case 'runit':
    case 'systemd':
    case 'http':
    case 'kubernetes':
    case 'postgres':
    case 'docker':
    case 'plugIn':
    case 'wait':
    case 'inactive':
      return [];
  }
}
