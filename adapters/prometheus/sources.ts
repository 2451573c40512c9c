import { setTimeout as sleep } from 'node:timers/promises';
import type { PrometheusSource } from '../../domain/service.js';
import { ask } from './ask.js';
import { resultOf, type Result } from './response.js';

export interface Patience {
  readonly timeoutMs: number;
  readonly abort: AbortSignal;
}

/** Asks Prometheus servers; one object for all users of a process, so that limits and answers are shared. */
export interface Sources {
  /** The result of each of these queries, as few requests as possible, and no older than the source's refresh. */
  query(source: PrometheusSource, queries: readonly string[], patience: Patience): Promise<ReadonlyMap<string, Result>>;
}

interface Known {
  readonly answers: Map<string, { readonly askedAt: number; readonly result: Result }>;
  /** Queries that failed alone; asked together with others they would fail those too. */
  readonly apart: Set<string>;
  nextTurnAt: number;
}

/** A label that no series of anybody has; it tells which query of a combined one a series answers. */
const mark = 'hale_query';
const togetherMax = 200;
/** Readings on the same rhythm as the refresh come a little early now and then. */
const refreshShare = 0.9;
const answersMax = 5_000;

export function prometheusSources(): Sources {
  const knownByUrl = new Map<string, Known>();
  return {
    async query(source, queries, patience) {
      const known = knownByUrl.get(source.url) ?? { answers: new Map(), apart: new Set(), nextTurnAt: 0 };
      knownByUrl.set(source.url, known);
      const distinct = [...new Set(queries)];
      const since = Date.now() - source.refreshMs * refreshShare;
      const due = distinct.filter((query) => (known.answers.get(query)?.askedAt ?? 0) < since);
      const askedAt = Date.now();
      const results = await askAll(source, known, due, patience);
      for (const [query, result] of results) remember(known, query, result, askedAt);
      return new Map(distinct.map((query) => [query, results.get(query) ?? known.answers.get(query)?.result ?? unanswered]));
    },
  };
}

const unanswered: Result = { kind: 'failed', reason: 'neverRead', detail: 'the query was not asked' };

/** What failed is asked again the next time, whenever that is. */
function remember(known: Known, query: string, result: Result, askedAt: number): void {
  known.answers.delete(query);
  if (result.kind === 'series') known.answers.set(query, { askedAt, result });
  const [oldest] = known.answers.keys();
  if (known.answers.size > answersMax && oldest !== undefined) known.answers.delete(oldest);
}

async function askAll(source: PrometheusSource, known: Known, due: readonly string[], patience: Patience): Promise<Map<string, Result>> {
  const together = due.filter((query) => !known.apart.has(query));
  const groups = [...chunks(together, togetherMax), ...due.filter((query) => known.apart.has(query)).map((query) => [query])];
  const results = await Promise.all(groups.map((group) => askTogether(source, known, group, patience)));
  return new Map(results.flat());
}

/** A bad query fails all that were asked with it, so it is looked for by halves, once. */
async function askTogether(
  source: PrometheusSource,
  known: Known,
  queries: readonly string[],
  patience: Patience,
): Promise<[string, Result][]> {
  const [only] = queries;
  if (only === undefined) return [];
  const result = await request(source, known, queries.length === 1 ? only : combined(queries), patience);
  if (queries.length === 1) {
    if (result.kind === 'badQuery') known.apart.add(only);
    else known.apart.delete(only);
    return [[only, result]];
  }
  if (result.kind === 'series') return queries.map((query, index) => [query, partOf(result, index)]);
  if (result.kind === 'failed') return queries.map((query) => [query, result]);
  const middle = Math.ceil(queries.length / 2);
  const halves = [queries.slice(0, middle), queries.slice(middle)].map((half) => askTogether(source, known, half, patience));
  return (await Promise.all(halves)).flat();
}

/** The line break ends a comment that a query may end in. */
const combined = (queries: readonly string[]): string =>
  queries.map((query, index) => `label_replace((${query}\n), "${mark}", "${index}", "", "")`).join(' or ');

function partOf({ series }: Extract<Result, { kind: 'series' }>, index: number): Result {
  const mine = series.filter(({ labels }) => labels[mark] === String(index));
  const unmarked = mine.map((one) => ({
    ...one,
    labels: Object.fromEntries(Object.entries(one.labels).filter(([name]) => name !== mark)),
  }));
  return { kind: 'series', series: unmarked };
}

async function request(source: PrometheusSource, known: Known, query: string, { timeoutMs, abort }: Patience): Promise<Result> {
  const now = Date.now();
  const turnAt = Math.max(now, known.nextTurnAt);
  const waitMs = turnAt - now;
  if (waitMs > timeoutMs) {
    const detail = `source ${source.name} allows ${source.queriesPerSecondMax} queries a second, and more are waiting`;
    return { kind: 'failed', reason: 'timeout', detail };
  }
  known.nextTurnAt = turnAt + 1000 / source.queriesPerSecondMax;
  if (waitMs > 0) await sleep(waitMs, undefined, { signal: abort }).catch(() => undefined);
  const url = `${source.url.replace(/\/$/, '')}/api/v1/query`;
  const form = { query, timeout: `${Math.ceil(timeoutMs)}ms` };
  return resultOf(await ask({ url, form, accept: 'application/json', token: source.token, timeoutMs: timeoutMs - waitMs, abort }));
}

const chunks = (queries: readonly string[], size: number): string[][] =>
  Array.from({ length: Math.ceil(queries.length / size) }, (_, index) => queries.slice(index * size, (index + 1) * size));
