import type { ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { writeFile, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { prometheusMembers } from '../../adapters/prometheus/members.js';
import { promqlMeter } from '../../adapters/prometheus/promql.js';
import { prometheusSources } from '../../adapters/prometheus/sources.js';
import type { Asked } from '../../activities/ports.js';
import type { PrometheusSource } from '../../domain/service.js';
import { serve } from '../support/listen.js';

const abort = new AbortController().signal;
const now = Date.now() / 1000;

const sourceAt = (url: string, changed: Partial<PrometheusSource> = {}): PrometheusSource => ({
  name: 'prom',
  url,
  refreshMs: 0,
  queriesPerSecondMax: 1000,
  ...changed,
});

const asked = (source: PrometheusSource, query: string, instance?: string, timeoutMs = 5_000): Asked<'promql'> => ({
  service: 'shop',
  ...(instance === undefined ? {} : { instance }),
  signal: {
    kind: 'promql',
    name: 'errors',
    source,
    query,
    everyMs: 1000,
    timeoutMs,
    perInstance: instance !== undefined,
    staleAfterMs: 5000,
  },
});

const sample = (value: unknown, metric: Record<string, string> = {}, time: unknown = now) => ({ metric, value: [time, value] });
const vector = (...result: unknown[]) => ({ status: 'success', data: { resultType: 'vector', result } });

/** A server that answers each query as told; records the queries and headers it was sent. */
async function prometheus(answer: (query: string, response: ServerResponse) => unknown) {
  const queries: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const url = await serve((request, response) => {
    void text(request).then((body) => {
      const query = new URLSearchParams(body).get('query') ?? '';
      queries.push(query);
      authorizations.push(request.headers.authorization);
      const said = answer(query, response);
      if (said !== undefined) response.end(JSON.stringify(said));
    });
  });
  return { url, queries, authorizations };
}

async function readOne(answer: unknown, status = 200) {
  const { url } = await prometheus((_, response) => {
    response.statusCode = status;
    return answer;
  });
  const [reading] = await promqlMeter(prometheusSources()).read([asked(sourceAt(url), 'q')], abort);
  return reading;
}

test('a vector of one sample is its value at its own time', async () => {
  expect(await readOne(vector(sample('0.25', {}, 1767225600.123)))).toEqual({ kind: 'value', value: 0.25, at: 1767225600123 });
  expect(await readOne({ status: 'success', data: { resultType: 'scalar', result: [now, '2'] } })).toMatchObject({ value: 2 });
});

test('row 27: the texts NaN and +Inf of a query are missing and unbounded', async () => {
  expect(await readOne(vector(sample('NaN')))).toMatchObject({ kind: 'noData', reason: 'notANumber' });
  expect(await readOne(vector(sample('+Inf')))).toMatchObject({ kind: 'unbounded', sign: 1 });
});

test.each(['1e309', '', '0x10', 7, '1,5', null])('row 28: a query value of %j is no number', async (value) => {
  expect(await readOne(vector(sample(value)))).toMatchObject({ kind: 'noData', reason: 'malformed' });
});

test('row 29: an empty result is absent, not zero', async () => {
  expect(await readOne(vector())).toMatchObject({ kind: 'noData', reason: 'absent' });
});

test.each([
  ['two series', vector(sample('1', { a: 'x' }), sample('2', { a: 'y' })), 'ambiguous'],
  ['a matrix', { status: 'success', data: { resultType: 'matrix', result: [] } }, 'malformed'],
  ['a string', { status: 'success', data: { resultType: 'string', result: [now, 'x'] } }, 'malformed'],
  ['a histogram', vector({ metric: {}, histogram: [now, { count: '1', sum: '1' }] }), 'malformed'],
])('row 30: %s is an error that names the query', async (_, answer, reason) => {
  expect(await readOne(answer)).toMatchObject({ kind: 'noData', reason, detail: expect.stringContaining('q') });
});

test.each([
  ['an error', { status: 'error', errorType: 'timeout', error: 'expired' }, 200],
  ['503', { status: 'error', errorType: 'unavailable', error: 'starting' }, 503],
  ['500 without JSON', 'oops', 500],
  ['a partial answer', { ...vector(sample('1')), warnings: ['store-2 is down'] }, 200],
])('row 33: %s is the source being unavailable, never a number', async (_, answer, status) => {
  expect(await readOne(answer, status)).toMatchObject({ kind: 'noData', reason: 'sourceUnavailable' });
});

test('row 33: a query that the source refuses is malformed', async () => {
  expect(await readOne({ status: 'error', errorType: 'bad_data', error: 'parse error' }, 400)).toMatchObject({ reason: 'malformed' });
});

test.each([
  ['a login page', (response: ServerResponse) => response.setHeader('content-type', 'text/html').end('<html>')],
  ['a cut body', (response: ServerResponse) => response.end('{"status":"success","data":{"resultType":"vec')],
  ['a reset connection', (response: ServerResponse) => response.destroy()],
])('row 34: %s is the source being unavailable', async (_, misbehave) => {
  const { url } = await prometheus((__, response) => void misbehave(response));
  const [reading] = await promqlMeter(prometheusSources()).read([asked(sourceAt(url), 'q')], abort);
  expect(reading).toMatchObject({ kind: 'noData', reason: 'sourceUnavailable' });
});

test('row 34: a source that hangs costs its time-out and not more', async () => {
  const { url } = await prometheus(() => undefined);
  const started = Date.now();
  const [reading] = await promqlMeter(prometheusSources()).read([asked(sourceAt(url), 'q', undefined, 500)], abort);
  expect(reading).toMatchObject({ kind: 'noData', reason: 'timeout' });
  expect(Date.now() - started).toBeLessThan(1_500);
});

/** Answers a combined query as Prometheus would: each part's series carry its mark. `bad` anywhere is an error. */
const answerMarked = (query: string): unknown => {
  if (query.includes('bad')) return { status: 'error', errorType: 'bad_data', error: 'parse error' };
  const marks = [...query.matchAll(/"hale_query", "(\d+)"/g)].map((match) => match[1] ?? '');
  const parts = marks.length === 0 ? [{}] : marks.map((index) => ({ hale_query: index }));
  return vector(...parts.map((labels) => sample('1', labels)));
};

test('one request serves all services and instances that are due', async () => {
  const { url, queries } = await prometheus(answerMarked);
  const source = sourceAt(url);
  const due = Array.from({ length: 150 }, (_, n) => asked(source, `errors{job="service-${n % 50}"}`));
  const readings = await promqlMeter(prometheusSources()).read(due, abort);
  expect(readings.every((reading) => reading.kind === 'value')).toBe(true);
  expect(queries).toHaveLength(1);
});

test('a query for all instances is asked once and told apart by the instance', async () => {
  const { url, queries } = await prometheus(() => vector(sample('1', { instance: 'a:1' }), sample('0', { instance: 'b:1' })));
  const source = sourceAt(url);
  const readings = await promqlMeter(prometheusSources()).read(
    ['a:1', 'b:1', 'c:1'].map((instance) => asked(source, 'up', instance)),
    abort,
  );
  expect(readings).toMatchObject([{ value: 1 }, { value: 0 }, { kind: 'noData', reason: 'absent' }]);
  expect(queries).toHaveLength(1);
});

test('a bad query fails alone, and from then on is asked alone', async () => {
  const { url, queries } = await prometheus(answerMarked);
  const source = sourceAt(url);
  const meter = promqlMeter(prometheusSources());
  const due = Array.from({ length: 16 }, (_, n) => asked(source, n === 5 ? 'bad(' : `good_${n}`));
  for (const requests of [9, 2]) {
    queries.length = 0;
    const readings = await meter.read(due, abort);
    expect(readings.filter((reading) => reading.kind === 'value')).toHaveLength(15);
    expect(readings[5]).toMatchObject({ kind: 'noData', reason: 'malformed' });
    expect(queries).toHaveLength(requests);
  }
});

test('an answer is used again within the refresh of its source, a failure is not', async () => {
  let healthy = false;
  const { url, queries } = await prometheus((query) =>
    healthy ? answerMarked(query) : { status: 'error', errorType: 'internal', error: '' },
  );
  const meter = promqlMeter(prometheusSources());
  const due = [asked(sourceAt(url, { refreshMs: 60_000 }), 'q')];
  expect(await meter.read(due, abort)).toMatchObject([{ kind: 'noData' }]);
  healthy = true;
  const [first] = await meter.read(due, abort);
  const [again] = await meter.read(due, abort);
  expect(first).toMatchObject({ kind: 'value' });
  expect(again).toEqual(first);
  expect(queries).toHaveLength(2);
});

test('a source is asked no more often than it allows', async () => {
  const times: number[] = [];
  const { url } = await prometheus((query) => {
    times.push(Date.now());
    return answerMarked(query);
  });
  const meter = promqlMeter(prometheusSources());
  const source = sourceAt(url, { queriesPerSecondMax: 5 });
  await Promise.all(['a', 'b', 'c', 'd', 'e'].map((query) => meter.read([asked(source, query, undefined, 20_000)], abort)));
  // Four gaps of 200 ms; a busy machine may bring the first one late, and makes the others only longer.
  expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(600);
});

test('a read whose turn would come too late is noData', async () => {
  const { url } = await prometheus(answerMarked);
  const meter = promqlMeter(prometheusSources());
  const source = sourceAt(url, { queriesPerSecondMax: 0.1 });
  const reads = await Promise.all(['a', 'b', 'c'].map((query) => meter.read([asked(source, query, undefined, 5_000)], abort)));
  expect(reads.flat().filter((reading) => reading.kind === 'noData' && reading.reason === 'timeout')).toHaveLength(2);
});

test('the token is read at each use from where the reference points', async () => {
  const { url, authorizations } = await prometheus(answerMarked);
  const file = join(await mkdtemp(join(tmpdir(), 'hale-token-')), 'token');
  const meter = promqlMeter(prometheusSources());
  for (const token of ['first', 'second']) {
    await writeFile(file, `${token}\n`);
    await meter.read([asked(sourceAt(url, { token: { file } }), 'q')], abort);
  }
  expect(authorizations).toEqual(['Bearer first', 'Bearer second']);
  const [reading] = await meter.read([asked(sourceAt(url, { token: { env: 'HALE_NO_SUCH_TOKEN' } }), 'q')], abort);
  expect(reading).toMatchObject({ kind: 'noData', reason: 'sourceUnavailable', detail: expect.stringContaining('HALE_NO_SUCH_TOKEN') });
});

test('members are what the label names, and a source that can not tell throws', async () => {
  const answers = [vector(sample('1', { pod: 'b' }), sample('1', { pod: 'a' }), sample('0', { pod: 'b' })), vector()];
  const { url } = await prometheus(() => answers.shift());
  const members = prometheusMembers(prometheusSources());
  const instances = { kind: 'discovered', source: sourceAt(url), query: 'up', by: 'pod' } as const;
  expect(await members.of(instances)).toEqual(['a', 'b']);
  await expect(members.of(instances)).rejects.toThrow('not an empty one');
  expect(await members.of({ kind: 'listed', names: ['x'] })).toEqual(['x']);
});

test('a label that no series has is not found among what objects inherit', async () => {
  const { url } = await prometheus(() => vector(sample('1', { pod: 'a' })));
  const instances = { kind: 'discovered', source: sourceAt(url), query: 'up', by: 'constructor' } as const;
  await expect(prometheusMembers(prometheusSources()).of(instances)).rejects.toThrow('no series of up has the label constructor');
});
