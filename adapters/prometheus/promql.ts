import type { Asked, Meter } from '../../activities/ports.js';
import { textReading } from '../../domain/detection/trust.js';
import type { NoDataReason, Reading } from '../../domain/reading.js';
import type { Result, Series } from './response.js';
import type { Sources } from './sources.js';

/** Reads PromQL instant queries, those of one source together, whatever services and instances they belong to. */
export function promqlMeter(sources: Sources): Meter<'promql'> {
  return {
    async read(asked, abort) {
      const bySource = new Map<string, Asked<'promql'>[]>();
      for (const one of asked) bySource.set(one.signal.source.url, [...(bySource.get(one.signal.source.url) ?? []), one]);
      const readings = new Map<Asked<'promql'>, Reading>();
      await Promise.all([...bySource.values()].map((group) => readGroup(sources, group, abort, readings)));
      return asked.map((one) => readings.get(one) ?? missing(Date.now(), 'neverRead', 'the source was not asked'));
    },
  };
}

async function readGroup(sources: Sources, group: readonly Asked<'promql'>[], abort: AbortSignal, readings: Map<Asked<'promql'>, Reading>) {
  const source = group[0]?.signal.source;
  if (source === undefined) return;
  const timeoutMs = Math.max(...group.map(({ signal }) => signal.timeoutMs));
  const results = await sources.query(
    source,
    group.map(({ signal }) => signal.query),
    { timeoutMs, abort },
  );
  for (const one of group) readings.set(one, readingOf(one, results.get(one.signal.query), Date.now()));
}

function readingOf({ instance, signal }: Asked<'promql'>, result: Result | undefined, now: number): Reading {
  if (result === undefined) return missing(now, 'neverRead', 'the query was not asked');
  if (result.kind === 'failed') return missing(now, result.reason, result.detail);
  if (result.kind === 'badQuery') return missing(now, 'malformed', `${result.detail}; the query is ${signal.query}`);
  const series = membersSeries(instance, signal.query, result.series);
  const [only, another] = series;
  if (only === undefined) return missing(now, 'absent', `no series for ${signal.query}`);
  if (another !== undefined) return missing(now, 'ambiguous', `${series.length} series for ${signal.query}: ${named(series)}`);
  if (only.value === undefined) return missing(now, 'malformed', `the sample of ${signal.query} is no float`);
  return textReading(only.value, Math.round(only.time * 1000));
}

/** A query that does not name the instance answers for all of them: a series belongs to the one that its label names. */
export function membersSeries<S extends Pick<Series, 'labels'>>(
  instance: string | undefined,
  query: string,
  series: readonly S[],
): readonly S[] {
  if (instance === undefined || query.includes(instance)) return series;
  const hasInstance = series.some(({ labels }) => labels.instance !== undefined);
  return series.filter(({ labels }) => (hasInstance ? labels.instance === instance : Object.values(labels).includes(instance)));
}

const missing = (at: number, reason: NoDataReason, detail: string): Reading => ({ kind: 'noData', at, reason, detail });

const named = (series: readonly Series[]): string =>
  series
    .slice(0, 5)
    .map(({ labels }) => JSON.stringify(labels))
    .join(' ');
