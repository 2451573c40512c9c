// Rows 27 to 35: what a Prometheus answers when it is asked for a number, over real HTTP.
import type { ServerResponse } from 'node:http';
import { Client, Connection } from '@temporalio/client';
import { expect, onTestFinished } from 'vitest';
import { measureService } from '../../activities/measure.js';
import { execMeter } from '../../adapters/exec/meter.js';
import { httpMeter } from '../../adapters/http/meter.js';
import { sqlMeter } from '../../adapters/postgres-target/meter.js';
import { postgresSamples } from '../../adapters/postgres/samples.js';
import { postgresShards } from '../../adapters/postgres/shards.js';
import { promqlMeter } from '../../adapters/prometheus/promql.js';
import { scrapeMeter } from '../../adapters/prometheus/scrape.js';
import { prometheusSources } from '../../adapters/prometheus/sources.js';
import type { Reading } from '../../domain/reading.js';
import type { Signal } from '../../domain/service.js';
import { freshDatabase } from '../support/database.js';
import { startPrometheus } from '../support/debian-prometheus.js';
import { serve } from '../support/listen.js';
import { openMetricsOf, seriesText } from '../support/openmetrics.js';
import { configure, serviceWith, startWatch, upObjective } from '../support/watching.js';
import { row, type Guard } from './table.js';

const signalOf = (url: string, query: string): Signal => ({
  kind: 'promql',
  name: 'errors',
  source: { name: 'prom', url, refreshMs: 0, queriesPerSecondMax: 1_000 },
  query,
  everyMs: 1_000,
  timeoutMs: 500,
  perInstance: false,
  staleAfterMs: 10_000,
});

/** One reading as watch takes it: measured, and then trusted or not. */
async function measured(url: string, query: string): Promise<Reading | undefined> {
  const meters = { http: httpMeter(), exec: execMeter(), scrape: scrapeMeter(), promql: promqlMeter(prometheusSources()), sql: sqlMeter() };
  const signal = signalOf(url, query);
  const [one] = await measureService(meters, 'shop', undefined, [signal], [signal], new AbortController().signal);
  return one?.reading;
}

interface Answered {
  readonly status?: number;
  readonly body: unknown;
  readonly type?: string;
  /** Closes the line after so many bytes, or never answers at all. */
  readonly cutAt?: number;
  readonly hangs?: true;
}

/** A server that answers every query with this. */
const asked = async (): Promise<(answer: Answered) => Promise<string>> => {
  let now: Answered = { body: '' };
  const url = await serve((request, response) => {
    request.resume();
    request.on('end', () => give(now, response));
  });
  return async (answer) => {
    now = answer;
    return JSON.stringify(await measured(url, 'errors_now'));
  };
};

function give({ status = 200, body, type = 'application/json', cutAt, hangs }: Answered, response: ServerResponse): void {
  if (hangs) return;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) });
  if (cutAt === undefined) response.end(text);
  else response.write(text.slice(0, cutAt), () => response.destroy());
}

const now = Date.now() / 1_000;
const sample = (value: unknown, time: unknown = now, metric: Record<string, string> = {}) => ({ metric, value: [time, value] });
const result = (type: string, found: unknown, more = {}): Answered => ({
  body: { status: 'success', data: { resultType: type, result: found }, ...more },
});
const vector = (...found: unknown[]): Answered => result('vector', found);

const trust = 'domain/detection/trust.ts';
const promql = 'adapters/prometheus/promql.ts';
const answers = 'adapters/prometheus/response.ts';
const notANumber: Guard = [trust, 'if (Number.isNaN(value)) return'];
const unbounded: Guard = [trust, "{ kind: 'unbounded', at, sign: value > 0 ? 1 : -1 }"];
const noNumber: Guard = [trust, 'is no number such as 0.43 or 1e3'];
const noFloat: Guard = [promql, 'is no float'];
const wrongType: Guard = [answers, 'a vector or scalar is needed'];

row(27, 'HTTP', 'NaN is missing and an infinity is no number', asked, [
  [vector(sample('NaN')), /"noData".*"notANumber"/, notANumber],
  [vector(sample('+Inf')), /"unbounded".*"sign":1/, unbounded],
  [vector(sample('-Inf')), /"unbounded".*"sign":-1/, unbounded],
]);

/** What is kept of a number that is none, when somebody writes it into the database. */
const stored = async (): Promise<(value: string) => Promise<string>> => {
  const { pool } = await freshDatabase();
  await postgresShards(pool).store(0, (await postgresShards(pool).claim(0)).generation, []);
  const day = new Date().toISOString();
  return async (value) =>
    pool.query(`insert into samples (service, instance, signal, at, value) values ('shop', '-', 'up', '${day}', $1)`, [value]).then(
      () => 'stored',
      ({ message }: Error) => message,
    );
};

const noInfinity: Guard = ['adapters/postgres/migrations/000001_core.sql', "value double precision check (value <> 'NaN'"];
row(27, 'socket', 'neither NaN nor an infinity gets into the table of readings', stored, [
  ['NaN', /violates check constraint/, noInfinity],
  ['Infinity', /violates check constraint/, noInfinity],
]);

row(28, 'HTTP', 'a number is decimals as a text, and nothing else', asked, [
  [vector(sample('1e309')), /"malformed".*is no number/, noNumber],
  [vector(sample('')), /"malformed".*is no number/, noNumber],
  [vector(sample('0x10')), /"malformed".*is no number/, noNumber],
  [vector(sample('1,5')), /"malformed".*is no number/, noNumber],
  [vector(sample(7)), /"malformed".*is no float/, noFloat],
]);

row(29, 'HTTP', 'an empty result and a series that has gone stale are no data', asked, [
  [vector(), /"noData".*"absent".*no series for errors_now/, [promql, "missing(now, 'absent'"]],
  [vector(sample('1', now - 60)), /"noData".*"stale".*10s is allowed/, [trust, "reason: 'stale'"]],
]);

row(30, 'HTTP', 'what is not one number of one series is an error that names the query', asked, [
  [vector(sample('1', now, { a: 'x' }), sample('2', now, { a: 'y' })), /"ambiguous".*2 series for errors_now/, [promql, "'ambiguous'"]],
  [result('matrix', []), /"malformed".*is a matrix.*errors_now/, wrongType],
  [result('string', [now, 'x']), /"malformed".*is a string.*errors_now/, wrongType],
  [vector({ metric: {}, histogram: [now, { count: '1', sum: '1' }] }), /"malformed".*errors_now is no float/, noFloat],
]);

row(31, 'HTTP', 'a sample of an impossible time is refused, and a late one is stale', asked, [
  [vector(sample('1', Date.now())), /"malformed".*not in milliseconds/, [trust, 'it looks like microseconds']],
  [vector(sample('1', now / 1_000)), /"malformed".*not in milliseconds/, [trust, 'it looks like seconds']],
  [vector(sample('1', now + 600)), /"malformed".*in the future/, [trust, 's in the future']],
  [vector(sample('1', now - 7_200)), /"stale"/, [trust, "reason: 'stale'"]],
]);

/** Readings of one signal, stored in the order given; what is there of them then, oldest first. */
const kept = async (): Promise<(readings: readonly (readonly [minutesAgo: number, value: number])[]) => Promise<string>> => {
  const { pool } = await freshDatabase();
  const shards = postgresShards(pool);
  const { generation } = await shards.claim(0);
  return async (readings) => {
    const all = readings.map(([ago, value]) => ({ kind: 'value' as const, at: Math.round(now * 1_000) - ago * 60_000, value }));
    await shards.store(
      0,
      generation,
      all.map((reading) => ({ service: 'shop', signal: 'up', reading })),
    );
    return JSON.stringify((await postgresSamples(pool).since('shop', undefined, 'up', 0)).map((one) => 'value' in one && one.value));
  };
};

row(31, 'socket', 'readings come back in the order of their times, and of two with one time the last', kept, [
  [
    [
      [2, 7],
      [9, 1],
      [2, 8],
      [5, 3],
    ],
    /^\[1,3,8\]$/,
    ['adapters/postgres/samples.ts', '          order by samples.at`,'],
  ],
]);

const step = 15_000;
const end = Math.floor(now) * 1_000;
const begin = end - 300_000;

/** A real Prometheus with one minute of a counter that starts anew, of one that stands still, of zeros, and of a single sample. */
const computed = async (): Promise<(query: string) => Promise<string>> => {
  const span = { from: begin, until: end, stepMs: step };
  const openMetrics = openMetricsOf([
    '# TYPE restarts gauge\n',
    seriesText('restarts', span, (at) => ((at - begin) / step) % 7),
    '# TYPE constant gauge\n',
    seriesText('constant', span, () => 5),
    '# TYPE zeros gauge\n',
    seriesText('zeros', span, () => 0),
    '# TYPE lonely gauge\n',
    `lonely 9 ${end / 1_000}\n`,
  ]);
  const prometheus = await startPrometheus({ config: 'scrape_configs: []', openMetrics });
  onTestFinished(prometheus.stop);
  return async (query) => JSON.stringify(await measured(prometheus.url, query));
};

row(32, 'HTTP', 'a rate goes on from a reset, and what has no spread or too few samples is no data', computed, [
  [`rate(restarts[4m] @ ${end / 1_000})`, /"value","at":\d+,"value":0\.0[3-9]/, [promql, 'return textReading(only.value']],
  [
    `(constant - avg_over_time(constant[4m] @ ${end / 1_000})) / stddev_over_time(constant[4m] @ ${end / 1_000})`,
    /"noData".*"notANumber"|"absent"/,
    notANumber,
  ],
  [`rate(zeros[4m] @ ${end / 1_000})`, /"value":0\}/, [promql, 'return textReading(only.value']],
  [`rate(lonely[4m] @ ${end / 1_000})`, /"noData".*"absent"/, [promql, "missing(now, 'absent'"]],
]);

const failed = (body: unknown, status: number): Answered => ({ status, body });
const errorOf: Guard = [answers, "const isQuery = errorType === 'bad_data'"];

row(33, 'HTTP', 'an error, a refusal and a part of an answer are never a number', asked, [
  [failed({ status: 'error', errorType: 'timeout', error: 'expired' }, 200), /"sourceUnavailable".*expired/, errorOf],
  [failed({ status: 'error', errorType: 'bad_data', error: 'parse error' }, 422), /"malformed".*parse error/, errorOf],
  [failed({ status: 'error', errorType: 'unavailable', error: 'starting' }, 503), /"sourceUnavailable".*starting/, errorOf],
  [failed('oops', 500), /"sourceUnavailable"/, [answers, 'without whole JSON']],
  [
    result('vector', [sample('1')], { warnings: ['store-2 is down'] }),
    /"sourceUnavailable".*partial: store-2 is down/,
    [answers, 'partial: ${warning}'],
  ],
]);

row(34, 'HTTP', 'a login page, a body that is cut and a source that hangs are the source being away', asked, [
  [{ body: '<html>log in</html>', type: 'text/html' }, /"sourceUnavailable".*a login page/, [answers, 'if (answer.isHtml) return down']],
  [
    { ...vector(sample('1')), cutAt: 30 },
    /"sourceUnavailable"/,
    ['adapters/prometheus/ask.ts', "reason: 'sourceUnavailable', detail: message"],
  ],
  [{ body: '', hangs: true }, /"timeout".*within 500 ms/, ['adapters/prometheus/ask.ts', "reason: 'timeout', detail: `no whole answer"]],
]);

/** A watch over four services of which so many get no data; what it says of them in the ledger. */
const watched = async (): Promise<(silent: number) => Promise<string>> => async (silent) => {
  const { pool } = await freshDatabase();
  const well = await serve((request, response) => {
    request.resume();
    response.end(JSON.stringify(vector(sample('1', Date.now() / 1_000)).body));
  });
  const hanging = await serve(() => undefined);
  const services = Array.from({ length: 4 }, (_, n) => {
    const signal = { ...signalOf(n < silent ? hanging : well, 'errors_now'), everyMs: 100, timeoutMs: 200 };
    return serviceWith(`shop-${n}`, [signal], { objectives: [{ ...upObjective, signal: 'errors', silenceMs: 600 }] });
  });
  await configure(pool, services);
  startWatch(pool, new Client({ connection: Connection.lazy() }));
  const said = async (): Promise<string[]> => {
    const kinds = "('monitoring.silent', 'finding.opened')";
    const sql = `select body::jsonb->>'kind' || ' ' || (body::jsonb->>'service') as said from events where body::jsonb->>'kind' in ${kinds}`;
    return (await pool.query<{ said: string }>(sql)).rows.map((one) => one.said);
  };
  await expect.poll(said, { timeout: 20_000, interval: 50 }).not.toEqual([]);
  return (await said()).join('; ');
};

row(35, 'HTTP', 'half of all services without data are one finding about the monitoring, and no cycle of any', watched, [
  [2, /^monitoring\.silent -monitoring$/, ['domain/detection/monitoring.ts', 'missing >= 2 && missing * 2 >= services']],
]);
