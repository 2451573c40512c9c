import { readFile } from 'node:fs/promises';

/** One question of the probe. `at`: when it was asked, ms since the epoch. */
export interface Probed {
  readonly at: number;
  readonly ok: boolean;
}

/** Good answers of all, or undefined-free zero of zero: a share of nothing is no share. */
export interface Share {
  readonly good: number;
  readonly of: number;
}

export async function readProbes(file: string): Promise<Probed[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
  return lines
    .map((line) => line.split(' '))
    .map(([at, , ok]) => ({ at: Number(at), ok: ok === '1' }))
    .sort((a, b) => a.at - b.at);
}

export function shareOf(probes: readonly Probed[], from: number, to: number): Share {
  const between = probes.filter(({ at }) => at >= from && at < to);
  return { good: between.filter(({ ok }) => ok).length, of: between.length };
}

/** Whether at least `bound` of all were good. Nothing asked is not good. */
export const isGood = ({ good, of }: Share, bound: number): boolean => of > 0 && good / of >= bound;

/** A service that answers may still miss one of a hundred while the machine is busy. */
export const goodBound = 0.99;
const streak = 5;

/**
 * When the service answered again: the first of five good probes in a row, after the first bad one since `from`, from which on
 * the probes stay good until `to`. So a flapping service has not answered just because five probes were lucky. Undefined when
 * it never did, or never failed.
 */
export function answeredAt(probes: readonly Probed[], from: number, to: number): number | undefined {
  const seen = probes.filter(({ at }) => at >= from && at < to);
  const firstBad = seen.findIndex(({ ok }) => !ok);
  if (firstBad < 0) return undefined;
  for (let first = firstBad + 1; first + streak <= seen.length; first += 1) {
    const run = seen.slice(first, first + streak);
    if (run.every(({ ok }) => ok) && isGood(shareOf(seen, seen[first]?.at ?? to, to), goodBound)) return seen[first]?.at;
  }
  return undefined;
}
