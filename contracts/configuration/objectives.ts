import type { Objective, Signal } from '../../domain/service.js';
import { type Context, filled } from './context.js';
import { unknown } from './problem.js';
import { formatDuration } from '../../domain/duration.js';
import { objective } from './signal-file.js';
import { type Resolved, resolveBound } from './signals.js';
import { type Node, at, keysOf, plain, textOf } from './tree.js';

/** Resolves one objective; reported and undefined when its signal or bound is missing. */
export function resolveObjective(
  name: string,
  node: Node,
  service: Node,
  signals: readonly Signal[],
  context: Context,
): Resolved<Objective> | undefined {
  const signalName = textOf(at(node, 'signal')) ?? name;
  const bound = resolveBound(objective.parse(plain(node)), node, context);
  const known = keysOf(at(service, 'signals'));
  if (!known.includes(signalName)) context.problems.error((at(node, 'signal') ?? node).place, unknown('signal', signalName, known));
  const signal = signals.find((one) => one.name === signalName);
  if (bound === undefined || signal === undefined) return undefined;
  const whole = filled(node, defaultsOf(name, signal));
  const value = objectiveOf(name, bound, whole);
  checkTimes(value, signal, whole, context);
  return { value, node: whole };
}

/** Outlives a crash loop of seconds. */
export const holdMsDefault = 120_000;

/** Silence is told from a single lost reading. */
const defaultsOf = (name: string, signal: Signal): Readonly<Record<string, unknown>> => ({
  signal: name,
  for: '30s',
  votes: '1 of 1',
  silence: formatDuration(Math.max(60_000, 5 * signal.everyMs)),
  hold: formatDuration(Math.max(holdMsDefault, 3 * signal.everyMs)),
});

const wholeObjective = objective.required({ signal: true, for: true, votes: true, silence: true, hold: true });

function objectiveOf(name: string, bound: Objective['bound'], node: Node): Objective {
  const file = wholeObjective.parse(plain(node));
  return {
    name,
    signal: file.signal,
    bound,
    forMs: file.for,
    votes: file.votes,
    silenceMs: file.silence,
    holdMs: file.hold,
    ...(file.target !== undefined && { target: { ratio: file.target, windowMs: file.window ?? windowMsDefault } }),
  };
}

const windowMsDefault = 28 * 86_400_000;

function checkTimes(value: Objective, signal: Signal, node: Node, context: Context): void {
  const atLeast = (key: string, ms: number, least: number, why: string) => {
    if (ms < least)
      context.problems.error(
        (at(node, key) ?? node).place ?? node.place,
        `is ${formatDuration(ms)}; allowed: at least ${formatDuration(least)}, ${why}`,
      );
  };
  atLeast('hold', value.holdMs, 3 * signal.everyMs, `three readings of ${signal.name}`);
  atLeast('silence', value.silenceMs, signal.everyMs + signal.timeoutMs, `one reading of ${signal.name} and its timeout`);
}
