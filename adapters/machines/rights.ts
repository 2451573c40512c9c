import { createHash } from 'node:crypto';
import type { Machine, MachineAction } from '../../domain/machine.js';
import type { Patience, RightState } from '../../domain/right.js';
import { first, type Answer, type Facts } from './answer.js';
import type { Machines } from './machines.js';
import { commandsOf, installedOn, logsLine, remoteScript, scriptPath, sudoersLine, type Installed } from './script.js';

type Some<A> = readonly [A, ...A[]];

/**
 * What hale's account may do on one machine of what these actions take, by the word of the script there.
 * @param allowed what that script is to allow, as it is made for this configuration
 */
export async function rightsOnMachine(
  on: Machines,
  actions: Some<MachineAction>,
  patience: Patience,
  allowed: readonly string[],
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
  if (one.machine === undefined || answered?.kind !== 'answered') return states;
  return [...states, ...beyond(answered.facts), ...scriptThere(one.machine.host, allowed, answered.facts)];
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

const beyond = (facts: Facts): RightState[] => (facts.tooMuch ?? []).map((sentence) => ({ kind: 'tooMuch', sentence }));

/** Whether it is the script that this configuration makes, and no other. */
function scriptThere(host: string, needed: readonly string[], facts: Facts): RightState[] {
  const renew = `hale permissions --script ${host}`;
  const allows = facts.allows ?? [];
  const extra = allows.filter((one) => !needed.includes(one));
  const same = hashOf(allows, first(facts, 'state') ?? '') === first(facts, 'script');
  return [
    ...extra.map((one): RightState => ({ kind: 'tooMuch', sentence: `the script there allows ${one} as well`, revoke: renew })),
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
