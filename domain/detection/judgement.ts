import type { Reading } from '../reading.js';
import type { Objective } from '../service.js';
import { sideOf } from './bound.js';

/** Where one objective stands. `last` is the reading it rests on; `bad` of `of` counts the votes. Times in ms since the epoch. */
export type Judgement =
  | (Numbers & { readonly kind: 'met'; /** Bad votes suffice, but not yet for long enough. */ readonly doubtfulSince?: number })
  | (Numbers & { readonly kind: 'broken' })
  | (Numbers & { readonly kind: 'noData' });

interface Numbers {
  readonly since: number;
  readonly bad: number;
  readonly of: number;
  readonly last: Reading;
}

/** What a detector remembers of one objective of one service or instance; plain JSON. */
export interface Track {
  /** The last data readings, oldest first, at most `votes.of`. */
  readonly votes: readonly { readonly at: number; readonly bad: boolean }[];
  readonly lastData?: Reading;
  readonly missing?: { readonly since: number; readonly last: Reading };
  readonly brokenSince?: number;
  readonly metSince?: number;
}

export const emptyTrack: Track = { votes: [] };

/** Readings come a few ms early or late; without this every second breach would wait for one reading more. */
const jitterMs = 50;

/** Takes one reading in. A data reading not newer than the last one changes nothing: what was judged stays judged. */
export function follow(objective: Objective, track: Track, reading: Reading): Track {
  const side = sideOf(objective.bound, reading);
  if (side === 'missing') return withMissing(track, reading);
  const age = track.lastData === undefined ? 1 : reading.at - track.lastData.at;
  if (age <= 0) return track;
  // Evidence from before a silence has no vote after it.
  const before = age > objective.silenceMs ? emptyTrack : track;
  const votes = [...before.votes, { at: reading.at, bad: side === 'bad' }].slice(-objective.votes.of);
  const bad = votes.filter((vote) => vote.bad);
  return bad.length >= objective.votes.bad
    ? { votes, lastData: reading, brokenSince: before.brokenSince ?? bad[0]?.at ?? reading.at }
    : { votes, lastData: reading, metSince: before.metSince ?? reading.at };
}

/** Readings may be taken in twice, after a watcher was killed: an older one changes nothing. */
function withMissing(track: Track, reading: Reading): Track {
  if (reading.at < Math.max(track.lastData?.at ?? 0, track.missing?.last.at ?? 0)) return track;
  return { ...track, missing: { since: track.missing?.since ?? reading.at, last: reading } };
}

/** Where the objective stands at `now`, given all that was taken in. */
export function conclude(objective: Objective, track: Track, now: number): Judgement {
  const { lastData, missing, brokenSince, metSince } = track;
  const of = track.votes.length;
  const bad = track.votes.filter((vote) => vote.bad).length;
  if (lastData === undefined || now - lastData.at >= objective.silenceMs) {
    return { kind: 'noData', since: missing?.since ?? lastData?.at ?? now, bad, of, last: missing?.last ?? lastData ?? neverRead(now) };
  }
  if (brokenSince === undefined) return { kind: 'met', since: metSince ?? lastData.at, bad, of, last: lastData };
  // Measured from reading to reading: while data are missing, a symptom does not grow older.
  const long = lastData.at - brokenSince >= objective.forMs - Math.min(jitterMs, objective.forMs / 10);
  if (long) return { kind: 'broken', since: brokenSince, bad, of, last: lastData };
  return { kind: 'met', since: metSince ?? brokenSince, bad, of, last: lastData, doubtfulSince: brokenSince };
}

const neverRead = (now: number): Reading => ({ kind: 'noData', at: now, reason: 'neverRead', detail: 'no reading was taken yet' });

/** Judges a set of readings, in any order: sorted by time, and of two with one time the last given wins. */
export function judge(objective: Objective, readings: readonly Reading[], now: number): Judgement {
  const byTime = new Map(readings.map((reading) => [reading.at, reading]));
  const sorted = [...byTime.values()].sort((a, b) => a.at - b.at);
  return conclude(
    objective,
    sorted.reduce((track, reading) => follow(objective, track, reading), emptyTrack),
    now,
  );
}
