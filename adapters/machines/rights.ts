import { createHash } from 'node:crypto';
import type { Machine, MachineAction } from '../../domain/machine.js';
import type { Patience, RightState } from '../../domain/right.js';
import { first, type Answer, type Facts } from './answer.js';
import type { Machines } from './machines.js';
import { allowedOf } from './request.js';
import { commandsOf, installedOn, logsLine, remoteScript, scriptPath, sudoersLine, type Installed } from './script.js';

type Some<A> = readonly [A, ...A[]];

/**
 * What hale's account may do on one machine of what these actions take, by the word of the script there.
 * @param all what is done on that machine, also as other accounts: its script is made for that
 */
export async function rightsOnMachine(
  on: Machines,
  actions: Some<MachineAction>,
  patience: Patience,
  all: readonly MachineAction[],
): Promise<readonly RightState[]> {
  const [one, ...others] = actions;
  const ask = (action: MachineAction): Promise<Answer> =>
    on.may({ service: 'doctor', action, timeoutMs: patience.timeoutMs }, patience.abort);
  const answer = await ask(one);
  // One that can't be reached is not waited for again and again.
  const rest = answer.kind === 'lost' ? others.map(() => answer) : await Promise.all(others.map(ask));
  const answers = [answer, ...rest];
  const states = actions.flatMap((action, index) => statesOf(action, answers[index] ?? answer));
  const answered = answers.find(({ kind }) => kind === 'answered');
  const { machine } = one;
  if (machine === undefined || answered?.kind !== 'answered') return states;
  const { facts } = answered;
  const keyStates = ofKey(machine, await on.mayForward(machine, patience));
  return [
    ...states,
    ...keyStates,
    ...beyond(
      facts,
      all.filter((any) => any.machine?.user === machine.user),
    ),
    ...scriptThere(machine.host, all, facts),
  ];
}

function statesOf(action: MachineAction, answer: Answer): RightState[] {
  const lines = [...rootLines(action).keys(), ...logLines(action).keys()];
  const { machine } = action;
  const way = machine === undefined ? [] : wayThere(machine, answer);
  if (answer.kind === 'answered') return [...way, ...lines.map((line) => ofLine(action, line, answer.facts))];
  const why = way.some(({ kind }) => kind === 'missing') ? doesNotAnswer : answer.why;
  return [...way, ...lines.map((line) => unknown(line, why))];
}

const doesNotAnswer = 'the script there does not answer to this';
const unknown = (line: string, why: string): RightState => ({ kind: 'unknown', line, why });

/** What is missing on the way to an answer hides what comes after it. */
function wayThere(machine: Machine, answer: Answer): RightState[] {
  const installed = installedOn(machine);
  const { hostKey, publicKey, script, state } = installed;
  const lines = [hostKey, publicKey, script, state];
  if (answer.kind === 'answered') {
    const why = first(answer.facts, 'noState');
    return lines.map((line) => (why !== undefined && line === state ? { kind: 'missing', line, why } : { kind: 'granted', line }));
  }
  const { why } = answer;
  const at = lines.indexOf(missingOf(installed, answer) ?? '');
  return lines.map((line, index) => {
    if (index < at) return { kind: 'granted', line };
    return index === at ? { kind: 'missing', line, why } : unknown(line, at === -1 ? why : doesNotAnswer);
  });
}

/** Where it ended, by the words of ssh and of the shell there; undefined where nobody can tell. */
function missingOf({ hostKey, publicKey, script }: Installed, { kind, why }: Exclude<Answer, { kind: 'answered' }>): string | undefined {
  if (kind === 'refused') return why.endsWith('is not among what this machine allows') ? script : undefined;
  // Where ssh can't take hale's own key, nothing was asked of the machine.
  if (!/exited with \d+/.test(why) || /Identity file|Load key/.test(why)) return undefined;
  if (/Host key verification failed/.test(why)) return hostKey;
  // ssh says 255 for itself.
  if (/exited with 255/.test(why)) return /Permission denied/.test(why) ? publicKey : undefined;
  return why.includes(scriptPath) ? script : publicKey;
}

/** Lines of sudoers, with the command as the script says it: without its folder. */
const rootLines = (action: MachineAction): ReadonlyMap<string, string> =>
  new Map(commandsOf(action).map((command) => [sudoersLine(action.machine?.user ?? 'hale', command), command.replace('/usr/bin/', '')]));

const logLines = (action: MachineAction): ReadonlyMap<string, string> =>
  new Map((action.kind === 'disk' ? action.under : []).map((folder) => [logsLine(folder), logsLine(folder)]));

function ofLine(action: MachineAction, line: string, facts: Facts): RightState {
  const said = rootLines(action).get(line) ?? line;
  const unavailable = first(facts, 'unavailable');
  if (unavailable !== undefined) return { kind: 'unknown', line, why: unavailable };
  const refusal = (facts.mayNot ?? []).find((one) => one === said || one.startsWith(`${said}: `));
  if (refusal !== undefined) return { kind: 'missing', line, ...(refusal === said ? {} : { why: refusal.slice(said.length + 2) }) };
  return (facts.may ?? []).includes(said)
    ? { kind: 'granted', line }
    : { kind: 'unknown', line, why: 'the script there says nothing of it' };
}

function ofKey(machine: Machine, mayForward: boolean | undefined): RightState[] {
  if (mayForward === undefined) return [unknown(installedOn(machine).publicKey, 'nobody can tell whether this key may forward ports')];
  return mayForward ? [tooMuch('its key may forward ports: its line in authorized_keys does not say restrict')] : [];
}

const tooMuch = (sentence: string, revoke?: string): RightState => ({ kind: 'tooMuch', sentence, ...(revoke && { revoke }) });

function beyond(facts: Facts, all: readonly MachineAction[]): RightState[] {
  const [account, needed] = [first(facts, 'identity') ?? '', all.flatMap(commandsOf)];
  const asRoot = sudoCommands(facts.sudo ?? []).filter((command) => !needed.includes(command));
  return [
    ...(facts.tooMuch ?? []).map((sentence) => tooMuch(sentence)),
    ...asRoot.map((command) =>
      tooMuch(`${account} may run ${command} by sudo there${/ |^ALL$/.test(command) ? '' : ', with any arguments'}`),
    ),
    ...[...new Set(facts.writable)].map((path) =>
      tooMuch(`${account} may write ${path} there, and so decide what its key may run`, `chown root:root ${path} && chmod go-w ${path}`),
    ),
  ];
}

/** Each command that `sudo -l` lists after the settings of the account, without the tags that don't widen it. Into a pipe it breaks no line. */
const sudoCommands = (lines: readonly string[]): string[] =>
  lines
    .flatMap((line) => /^ {4}\([^)]*\) (.*)$/.exec(line)?.[1]?.split(/(?<!\\), /) ?? [])
    .map((command) => command.replace(/^(?:(?!SETENV)[A-Z_]+: )+/, ''))
    .filter((command) => !command.startsWith('!'));

/** Whether it is the script that this configuration makes, and no other. */
function scriptThere(host: string, all: readonly MachineAction[], facts: Facts): RightState[] {
  const renew = `hale permissions --script ${host}`;
  const [allows, needed] = [facts.allows ?? [], all.map(allowedOf)];
  const extra = allows.filter((one) => !needed.includes(one));
  const same = hashOf(allows, first(facts, 'state') ?? '') === first(facts, 'script');
  return [
    ...extra.map((one) => tooMuch(`the script there allows ${one} as well`, renew)),
    ...(same ? [] : [{ kind: 'outdated', sentence: 'the script there is of another version of hale, or was changed', renew } as const]),
  ];
}

function hashOf(allows: readonly string[], state: string): string | undefined {
  try {
    return createHash('sha256').update(remoteScript(allows, state)).digest('hex');
  } catch {
    return undefined;
  }
}
