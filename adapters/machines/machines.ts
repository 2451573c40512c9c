import { hostname } from 'node:os';
import type { Call, Commands, Errand, Target } from '../../activities/ports.js';
import { TargetRefused } from '../../domain/failure.js';
import type { Machine, MachineAction } from '../../domain/machine.js';
import { answerOf, first, type Answer } from './answer.js';
import { actionWord, typed, wordsOf } from './request.js';
import { localArgv } from './script.js';
import { mayForward, overSsh } from './ssh.js';
import { Turns } from './turns.js';

/** The one script on all machines: this one, where it is run by a shell, and others, where ssh runs it. */
export interface Machines {
  /** The target as it is, and a ticket to act with. */
  look(target: Target<MachineAction>, abort?: AbortSignal): Promise<Answer>;
  /** What the account may do of what the action takes; changes nothing, not even what the script keeps. */
  may(target: Target<MachineAction>, abort: AbortSignal): Promise<Answer>;
  /** Whether the key by which this machine is reached may open ways to other places; undefined where nobody can tell. */
  mayForward(machine: Machine, limits: Pick<Errand, 'timeoutMs'> & { readonly abort: AbortSignal }): Promise<boolean | undefined>;
  /**
   * Acts, if the target is still `expected` and nobody else has asked since the ticket was given. Asks for the call's permission
   * when nothing is left to wait for on this side.
   */
  act(call: Errand & Target<MachineAction> & Pick<Call, 'permit'>, ticket: string, expected: string): Promise<Answer>;
  /** What became of an action. From now on no earlier try of it can act. */
  find(call: Errand & Target<MachineAction>): Promise<Answer>;
}

export interface MachineOptions {
  readonly commands: Commands;
  /** Where the script keeps fences and journal of targets on this machine. */
  readonly state: string;
  /** How long a look waits for its turn where nobody can call it off. */
  readonly patienceMs?: number;
}

/** A look is short: one that is not holds a place that other machines need. */
const LOOK_MS_MAX = 15_000;

export function machines({ commands, state, patienceMs = 60_000 }: MachineOptions): Machines {
  const turns = new Map<string, Turns>();
  const ask = async (action: MachineAction, words: readonly string[], errand: Errand, permit = anyway): Promise<Answer> => {
    const request = words.join(' ');
    const { machine } = action;
    if (machine === undefined) {
      await permit();
      return answerOf(await commands.run(localArgv(state, request), errand));
    }
    const end = await turnsOf(turns, machine).take(machine.atOnce, errand.abort, async () => {
      await permit();
      return overSsh(commands, machine, request, errand);
    });
    return answerOf(end ?? { kind: 'notStarted', sentence: 'it was called off before its turn came' });
  };
  const read = (what: 'look' | 'may', target: Target<MachineAction>, abort: AbortSignal): Promise<Answer> => {
    const timeoutMs = Math.min(target.timeoutMs, LOOK_MS_MAX);
    return checked(() =>
      ask(target.action, [what, ...wordsOf(target.action)], { ...target, timeoutMs, actionId: what, fence: '0', abort }),
    );
  };
  return {
    look: (target, abort = AbortSignal.timeout(patienceMs)) => read('look', target, abort),
    may: (target, abort) => read('may', target, abort),
    mayForward: (machine, limits) => {
      const errand = { service: 'doctor', actionId: 'may', fence: '0', ...limits };
      return turnsOf(turns, machine).take(machine.atOnce, limits.abort, () => mayForward(commands, machine, errand));
    },
    act: (call, ticket, expected) => {
      const [kind, command, ...words] = wordsOf(call.action);
      const proof = [actionWord(call.actionId), typed('number', call.fence), typed('number', ticket), typed('word', expected)];
      return ask(call.action, ['act', kind ?? '', command ?? '', ...proof, ...words], call, call.permit);
    },
    find: (call) => {
      const [kind, command, ...words] = wordsOf(call.action);
      return ask(call.action, ['find', kind ?? '', command ?? '', actionWord(call.actionId), typed('number', call.fence), ...words], call);
    },
  };
}

/** Reading takes no permission, nor does asking what became of an action. */
const anyway = async (): Promise<void> => undefined;

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
