import { boundSentence, sideOf } from './detection/bound.js';
import { conclude, emptyTrack, follow } from './detection/judgement.js';
import { readingSentence } from './detection/trust.js';
import type { Reading } from './reading.js';
import type { Objective } from './service.js';

/** What validation says about one attempt. `noData` is not success: the cycle holds and asks. */
export type Verdict =
  | { readonly kind: 'held'; readonly evidence: string }
  | { readonly kind: 'unchanged'; readonly evidence: string }
  | { readonly kind: 'worse'; readonly evidence: string }
  | { readonly kind: 'noData'; readonly evidence: string };

/** `inDoubt`: a relapse may have begun that is not old enough to count. */
export type HoldVerdict = Verdict | { readonly kind: 'inDoubt'; readonly evidence: string };

/** An objective with its readings since the hold window began, oldest first. */
export interface Watched {
  readonly objective: Objective;
  readonly readings: readonly Reading[];
}

/**
 * Judges a hold window: did the repaired objectives stay met, and did every other one (the guard signals) too?
 * A stretch without readings longer than the objective's `silence` is `noData`, because a relapse may hide in it; so may
 * one that began too late in the window to be a breach by its end.
 *
 * @param repaired names of the objectives that were broken
 * @param from start and `now` end of the window, ms since the epoch
 */
export function verdictOnHold(watched: readonly Watched[], repaired: readonly string[], from: number, now: number): HoldVerdict {
  const mine = watched.filter(({ objective }) => repaired.includes(objective.name));
  const guards = watched.filter(({ objective }) => !repaired.includes(objective.name));
  for (const one of mine) {
    const at = brokenAt(one);
    if (at !== undefined) return { kind: 'unchanged', evidence: `relapse: ${one.objective.name} broke again after ${seconds(at - from)}` };
  }
  for (const guard of guards) {
    const at = brokenAt(guard);
    if (at !== undefined)
      return { kind: 'worse', evidence: `${guard.objective.name} was met and broke ${seconds(at - from)} into the hold window` };
  }
  const blind = watched.find((one) => gap(one, from, now) > one.objective.silenceMs);
  if (blind)
    return { kind: 'noData', evidence: `${blind.objective.signal}: no reading for ${seconds(gap(blind, from, now))} of the hold window` };
  const doubtful = [...mine.filter(endsBad), ...guards.filter(endsDoubtful)];
  if (doubtful.length > 0)
    return {
      kind: 'inDoubt',
      evidence: `at the end of the hold window a relapse may have begun: ${doubtful.map(lastSentence).join('; ')}`,
    };
  return { kind: 'held', evidence: `${repaired.join(', ')} stayed met for ${seconds(now - from)}: ${mine.map(lastSentence).join('; ')}` };
}

function brokenAt({ objective, readings }: Watched): number | undefined {
  let track = emptyTrack;
  for (const reading of readings) {
    track = follow(objective, track, reading);
    if (conclude(objective, track, reading.at).kind === 'broken') return reading.at;
  }
  return undefined;
}

/** What was repaired must be well at the end, by its very last reading too. */
const endsBad = (one: Watched): boolean => {
  const last = one.readings.findLast((reading) => sideOf(one.objective.bound, reading) !== 'missing');
  return (last !== undefined && sideOf(one.objective.bound, last) === 'bad') || endsDoubtful(one);
};

function endsDoubtful({ objective, readings }: Watched): boolean {
  const track = readings.reduce((so, reading) => follow(objective, so, reading), emptyTrack);
  return track.brokenSince !== undefined;
}

/** The longest stretch of the window without a reading that says something; being out of scope is said on purpose. */
function gap({ objective, readings }: Watched, from: number, now: number): number {
  const heard = readings.filter((reading) => saysSomething(objective, reading)).map((reading) => reading.at);
  const marks = [from, ...heard, now];
  return Math.max(...marks.slice(1).map((at, i) => at - (marks[i] ?? from)));
}

const saysSomething = (objective: Objective, reading: Reading): boolean =>
  sideOf(objective.bound, reading) !== 'missing' || (reading.kind === 'noData' && reading.reason === 'conditionNotMet');

function lastSentence({ objective, readings }: Watched): string {
  const last = readings.at(-1);
  const value = last === undefined ? 'never read' : readingSentence(last);
  const count = `${readings.length} ${readings.length === 1 ? 'reading' : 'readings'}`;
  return `${objective.signal} ${value}, asked for ${boundSentence(objective.bound)}, ${count}`;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)}s`;
