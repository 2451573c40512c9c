import type { Getter } from './get.js';
import { membersSeries } from './promql.js';

/** Moments at equal distances, the first and the last included; ms since the epoch. */
export interface Grid {
  readonly from: number;
  readonly stepMs: number;
  readonly points: number;
}

/** What one series of questions reads at each moment of a grid; `absent` and `ambiguous` are no numbers. */
export interface Column {
  readonly values: Float64Array;
  readonly kinds: Uint8Array;
}

export const absent = 0;
export const present = 1;
/** Several series at once answered a question for one. */
export const ambiguous = 2;

export interface RangeSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly samples: readonly (readonly [at: number, value: string])[];
}

export type Ranged =
  | { readonly kind: 'series'; readonly series: readonly RangeSeries[] }
  | { readonly kind: 'badQuery' | 'unreachable'; readonly detail: string };

/** The most that Prometheus answers at once. */
export const pointsMax = 11_000;
const pointsMin = 60;

/** A range query by GET. What is too much at once is asked in halves, down to an hour of minutes. */
export async function readRange(getter: Getter, query: string, grid: Grid): Promise<Ranged> {
  const { from, stepMs, points } = grid;
  const seconds = (ms: number): string => String(ms / 1000);
  const got = await getter.get('/api/v1/query_range', {
    query,
    start: seconds(from),
    end: seconds(from + (points - 1) * stepMs),
    step: seconds(stepMs),
  });
  if (got.kind === 'data') return seriesOf(got.data);
  if (got.kind === 'badRequest') return { kind: 'badQuery', detail: got.detail };
  if (got.kind === 'unreachable' || points <= pointsMin) return { kind: 'unreachable', detail: got.detail };
  const half = Math.ceil(points / 2);
  const first = await readRange(getter, query, { from, stepMs, points: half });
  if (first.kind !== 'series') return first;
  const second = await readRange(getter, query, { from: from + half * stepMs, stepMs, points: points - half });
  return second.kind === 'series' ? { kind: 'series', series: [...first.series, ...second.series] } : second;
}

function seriesOf(data: unknown): Ranged {
  const { resultType, result } = data as { resultType?: unknown; result?: unknown };
  if (resultType !== 'matrix' || !Array.isArray(result)) return { kind: 'badQuery', detail: `the result is a ${String(resultType)}` };
  const series = (result as { metric?: Record<string, string>; values?: [number, string][] }[]).map(({ metric, values }) => ({
    labels: metric ?? {},
    samples: (values ?? []).map(([time, value]) => [Math.round(time * 1000), value] as const),
  }));
  return { kind: 'series', series };
}

/** What the signal of one service or instance would have read at each moment, by the same rule as when it is read live. */
export function columnOf(instance: string | undefined, query: string, all: readonly RangeSeries[], grid: Grid): Column {
  const values = new Float64Array(grid.points);
  const kinds = new Uint8Array(grid.points);
  for (const { samples } of membersSeries(instance, query, all))
    for (const [at, value] of samples) {
      const index = Math.round((at - grid.from) / grid.stepMs);
      kinds[index] = kinds[index] === absent ? present : ambiguous;
      values[index] = numberOf(value);
    }
  return { values, kinds };
}

const named: Readonly<Record<string, number>> = { '+Inf': Infinity, '-Inf': -Infinity, NaN: Number.NaN };

const numberOf = (text: string): number => named[text] ?? Number(text);

/** The values of a label at each moment, sorted: what a query for instances names. */
export function namesAt(by: string, all: readonly RangeSeries[], grid: Grid): (readonly string[])[] {
  const sets = Array.from({ length: grid.points }, () => new Set<string>());
  for (const { labels, samples } of all)
    for (const [at] of samples) if (labels[by] !== undefined) sets[Math.round((at - grid.from) / grid.stepMs)]?.add(labels[by]);
  return sets.map((set) => [...set].sort());
}
