import { hostname } from 'node:os';
import type { Commands, Errand, Target } from '../../activities/ports.js';
import { TargetRefused } from '../../domain/failure.js';
import type { Machine, MachineAction } from '../../domain/machine.js';
import { answerOf, first, type Answer } from './answer.js';
import { actionWord, typed, wordsOf } from './request.js';
import { localScript } from './script.js';
import { overSsh } from './ssh.js';
import { Turns } from './turns.js';

/** The one script on all machines: this one, where it is run by a shell, and others, where ssh runs it. */
export interface Machines {
  /** The target as it is, and a ticket to act with. */
  look(target: Target<MachineAction>, abort?: AbortSignal): Promise<Answer>;
  /** What the account may do of what the action takes; changes nothing, not even what the script keeps. */
  may(target: Target<MachineAction>, abort: AbortSignal): Promise<Answer>;
  /** Acts, if the target is still `expected` and nobody else has asked since the ticket was given. */
  act(call: Errand & Target<MachineAction>, ticket: string, expected: string): Promise<Answer>;
  /** What became of an action. From now on no earlier try of it can act. */
  find(call: Errand & Target<MachineAction>): Promise<Answer>;
}

export interface MachineOptions {
  readonly commands: Commands;
  /** Where the script keeps fences and journal of targets on this machine. */
  readonly state: string;
}

export function machines({ commands, state }: MachineOptions): Machines {
  const turns = new Map<string, Turns>();
  const ask = async (action: MachineAction, words: readonly string[], errand: Errand): Promise<Answer> => {
    const request = words.join(' ');
    const { machine } = action;
    if (machine === undefined) return answerOf(await commands.run(['/bin/sh', '-c', localScript, 'hale-remote', state, request], errand));
    return answerOf(await turnsOf(turns, machine).take(machine.atOnce, () => overSsh(commands, machine, request, errand)));
  };
  const read = (what: 'look' | 'may', target: Target<MachineAction>, abort: AbortSignal): Promise<Answer> =>
    checked(() => ask(target.action, [what, ...wordsOf(target.action)], { ...target, actionId: what, fence: '0', abort }));
  return {
    look: (target, abort = new AbortController().signal) => read('look', target, abort),
    may: (target, abort) => read('may', target, abort),
    act: (call, ticket, expected) => {
      const [kind, command, ...words] = wordsOf(call.action);
      const proof = [actionWord(call.actionId), typed('number', call.fence), typed('number', ticket), typed('word', expected)];
      return ask(call.action, ['act', kind ?? '', command ?? '', ...proof, ...words], call);
    },
    find: (call) => {
      const [kind, command, ...words] = wordsOf(call.action);
      return ask(call.action, ['find', kind ?? '', command ?? '', actionWord(call.actionId), typed('number', call.fence), ...words], call);
    },
  };
}

/** What fits no slot is refused before anything is started; to whoever only looks that is an answer. */
const checked = async (ask: () => Promise<Answer>): Promise<Answer> => {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof TargetRefused) return { kind: 'refused', why: error.message };
    throw error;
  }
};

function turnsOf(turns: Map<string, Turns>, { user, knownHosts, key }: Machine): Turns {
  const way = JSON.stringify([user, knownHosts, key]);
  const found = turns.get(way) ?? new Turns();
  turns.set(way, found);
  return found;
}

/** How a machine is named in a lease and to people. */
export const nameOf = ({ machine }: MachineAction): string => machine?.host ?? hostname();

/** The process that a unit or a service stands for; undefined where there is none, or nobody can tell. */
export async function processOf(on: Machines, target: Target<MachineAction>): Promise<number | undefined> {
  const answer = await on.look(target);
  const pid = answer.kind === 'answered' ? Number(first(answer.facts, 'MainPID') ?? first(answer.facts, 'pid')) : 0;
  return pid > 0 ? pid : undefined;
}
