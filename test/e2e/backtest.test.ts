// Drives the built `hale backtest` against a real Prometheus whose history is known to the second.
import { createServer } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { backtest } from '../../contracts/adoption.js';
import { startPrometheus, type DebianServer } from '../support/debian-prometheus.js';
import { dataOf, failureOf, hale } from '../support/hale-command.js';
import { openMetricsOf, seriesText } from '../support/openmetrics.js';

const from = Date.UTC(2026, 10, 1);
const until = from + 6 * 3_600_000;
const every = { from, until, stepMs: 15_000 };
const minute = (at: number): number => (at - from) / 60_000;
const within = (at: number, first: number, last: number): boolean => minute(at) >= first && minute(at) < last;

/** checkout: down for ten minutes, later for a minute only, later without data; db breaks before api, which depends on it. */
const history = openMetricsOf([
  seriesText('up{job="checkout",instance="c-1:80"}', every, (at) =>
    within(at, 200, 215) ? undefined : within(at, 60, 70) || within(at, 120, 121) ? 0 : 1,
  ),
  seriesText('up{job="db",instance="d-1:80"}', every, (at) => (within(at, 300, 306) ? 0 : 1)),
  seriesText('up{job="agents",instance="e-1:80"}', every, (at) => (minute(at) < 100 ? 1 : undefined)),
  seriesText('up{job="agents",instance="e-2:80"}', every, (at) => (within(at, 150, 160) ? 0 : 1)),
  seriesText('up{job="api",instance="a-1:80"}', every, (at) => (within(at, 301, 308) ? 0 : 1)),
]);

const configuration = (url: string): string => `apiVersion: hale/v1
sources:
  prom: {prometheus: '${url}'}
classes:
  daemon:
    signals:
      up: {source: prom, query: 'min(up{job="$service"})'}
    objectives:
      up: {above: 0, for: 2m, silence: 5m}
services:
  checkout:
    class: daemon
    signals:
      page: {http: 'http://127.0.0.1:1/health'}
    objectives:
      page: {above: 0}
    corrections:
      last-good: {file: /etc/checkout.conf}
      wait: {for: 60s, within: 60s}
      restart: {exec: [/bin/true], undo: nothingToRestore, mode: act}
  db:
    class: daemon
    corrections:
      restart: {exec: [/bin/true], undo: nothingToRestore, mode: ask}
  api:
    class: daemon
    dependsOn: [db]
    corrections:
      restart: {exec: [/bin/true], undo: nothingToRestore}
`;

let prometheus: DebianServer;
beforeAll(async () => void (prometheus = await startPrometheus({ config: '', openMetrics: history })));
afterAll(() => prometheus.stop());

async function configured(text = configuration(prometheus.url)): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hale-backtest-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'hale.yaml'), text);
  return join(folder, 'hale.yaml');
}

const period = ['--since', '6h', '--until', '2026-11-01T06:00:00Z'];
const at = (minutes: number, seconds = 0): string => new Date(from + minutes * 60_000 + seconds * 1000).toISOString();

test('backtest says what was found, how long it lasted, what would have been proposed, and what history cannot tell', async () => {
  const ran = await hale(['backtest', '--config', await configured(), ...period, '--json']);
  const data = dataOf(backtest, ran);
  expect(ran.code).toBe(0);
  expect(
    data.troubles.map(({ service, onset, foundAt, endedAt, lastedSeconds }) => ({ service, onset, foundAt, endedAt, lastedSeconds })),
  ).toEqual([
    { service: 'checkout', onset: at(60), foundAt: at(62), endedAt: at(70), lastedSeconds: 600 },
    // Prometheus itself goes on with the last sample for five minutes; then the silence must last five more.
    { service: 'checkout', onset: at(205), foundAt: at(210), endedAt: at(215), lastedSeconds: 600 },
    { service: 'db', onset: at(300), foundAt: at(302), endedAt: at(306), lastedSeconds: 360 },
    { service: 'api', onset: at(301), foundAt: at(303), endedAt: at(308), lastedSeconds: 420 },
  ]);
  expect(data.troubles[0]).toMatchObject({
    waits: [{ at: at(62), why: 'wait: it may recover alone within 120s' }],
    proposals: [{ at: at(64), correction: 'restart', answer: 'act', rule: 'modeAct', notEvaluable: [{ correction: 'last-good' }] }],
  });
  expect(data.troubles[1]).toMatchObject({ proposals: [], calls: [{ why: 'nothing can be measured: up has no data' }] });
  expect(data.troubles[2]).toMatchObject({ proposals: [{ correction: 'restart', answer: 'ask', rule: 'modeAsk' }] });
  expect(data.troubles[3]).toMatchObject({
    waits: [{ at: at(303), why: 'waiting for db, which this service depends on' }],
    proposals: [
      { at: at(306), correction: 'restart', answer: 'refuse', rule: 'modeObserve', sentence: 'mode observe: hale would have done restart' },
    ],
  });
  expect(data.totals).toMatchObject({ findings: 4, troubles: 4, proposals: 3, calls: 1, watchedServiceHours: 18 });
  expect(data.notEvaluable.map(({ service, part }) => `${service}.${part}`)).toEqual([
    'checkout.signals.page',
    'checkout.objectives.page',
    'checkout.corrections.last-good',
  ]);
});

test('backtest only reads: Prometheus is asked by GET alone, at no more than its points and its rate', async () => {
  const asked: { readonly method: string | undefined; readonly points: number; readonly at: number }[] = [];
  const proxy = createServer((request, response) => {
    const url = new URL(request.url ?? '', prometheus.url);
    const number = (name: string): number => Number(url.searchParams.get(name) ?? Number.NaN);
    asked.push({ method: request.method, points: (number('end') - number('start')) / number('step') + 1, at: Date.now() });
    void fetch(url).then(async (answer) =>
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text()),
    );
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void proxy.close());
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const file = await configured(configuration('http://127.0.0.1:1').replace("'}\nclasses", "', maxQueriesPerSecond: 20}\nclasses"));
  const ran = await hale(['backtest', '--config', file, '--prometheus', url, '--since', '4d', '--until', '2026-11-02T00:00:00Z', '--json']);
  expect(dataOf(backtest, ran).totals.troubles).toBeGreaterThan(3);
  expect(asked.length).toBeGreaterThan(8);
  expect(new Set(asked.map(({ method }) => method))).toEqual(new Set(['GET']));
  expect(Math.max(...asked.map(({ points }) => (Number.isNaN(points) ? 0 : points)))).toBe(11_000);
  const spent = (asked.at(-1)?.at ?? 0) - (asked[0]?.at ?? 0);
  expect(spent).toBeGreaterThanOrEqual((asked.length - 1) * 50 - 20);
});

test('instances come and go with their source: one that left is no silence, one that is down is found by its name', async () => {
  const text = `apiVersion: hale/v1
sources: {prom: {prometheus: '${prometheus.url}'}}
services:
  agents:
    signals: {up: {source: prom, query: 'up{job="agents"}', per: instance}}
    objectives: {up: {above: 0, for: 1m}}
    corrections: {restart: {exec: [/bin/true, $instance], undo: nothingToRestore}}
`;
  const { troubles } = dataOf(backtest, await hale(['backtest', '--config', await configured(text), ...period, '--json']));
  expect(troubles).toMatchObject([{ instance: 'e-2:80', onset: at(150), endedAt: at(160), proposals: [{ correction: 'restart' }] }]);
});

test('what is too much for Prometheus at once is asked in halves, and comes to the same', async () => {
  const refused: number[] = [];
  const proxy = createServer((request, response) => {
    const url = new URL(request.url ?? '', prometheus.url);
    const number = (name: string): number => Number(url.searchParams.get(name) ?? Number.NaN);
    const points = (number('end') - number('start')) / number('step') + 1;
    const tooMuch = { status: 'error', errorType: 'execution', error: 'query processing would load too many samples into memory' };
    if (points > 400) {
      refused.push(points);
      response.writeHead(422, { 'content-type': 'application/json' }).end(JSON.stringify(tooMuch));
    } else void fetch(url).then(async (answer) => response.writeHead(answer.status).end(await answer.text()));
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void proxy.close());
  const file = await configured(configuration(prometheus.url).replace("'}\nclasses", "', maxQueriesPerSecond: 200}\nclasses"));
  const whole = dataOf(backtest, await hale(['backtest', '--config', file, ...period, '--json']));
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const halved = dataOf(backtest, await hale(['backtest', '--config', file, '--prometheus', url, ...period, '--json']));
  expect(refused.length).toBeGreaterThan(2);
  expect(halved).toEqual(whole);
});

test('--suppose shows what another mode would have come to', async () => {
  const ran = await hale(['backtest', '--config', await configured(), ...period, '--suppose', 'ask', '--json']);
  const rules = dataOf(backtest, ran).troubles.flatMap(({ proposals }) => proposals.map(({ answer, rule }) => `${answer} ${rule}`));
  expect(rules).toEqual(['ask modeAsk', 'ask modeAsk', 'ask modeAsk']);
});

test('backtest names a query that Prometheus does not understand, and judges all else', async () => {
  const text = configuration(prometheus.url).replace(
    '    corrections:\n      restart: {exec: [/bin/true], undo: nothingToRestore, mode: ask}',
    "    signals: {odd: {source: prom, query: 'sum(('}}\n    objectives: {odd: {above: 0}}",
  );
  const data = dataOf(backtest, await hale(['backtest', '--config', await configured(text), ...period, '--json']));
  expect(data.notEvaluable.find(({ part }) => part === 'signals.odd')?.why).toContain('parse error');
  expect(data.troubles).toHaveLength(4);
});

test.each([
  ['a login page', 'text/html', 200, '<html>log in</html>', 'HTML instead of JSON'],
  ['a refused token', 'application/json', 401, '{}', 'it asks for a token'],
  ['half an answer', 'application/json', 200, '{"status":"succ', 'without whole JSON'],
])('backtest ends with what is wrong at %s', async (_, type, status, body, says) => {
  const server = createServer((_request, response) => void response.writeHead(status, { 'content-type': type }).end(body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ran = await hale(['backtest', '--config', await configured(), '--prometheus', url, ...period, '--json']);
  expect(ran.code).toBe(5);
  expect(failureOf(ran).message).toContain(says);
});

test('where no history can judge anything, why is a line for each objective', async () => {
  const text = `apiVersion: hale/v1
services:
  checkout: {signals: {a: {http: 'http://127.0.0.1:1/'}, b: {exec: [/bin/b]}}, objectives: {a: {above: 0}, b: {above: 0}}}
`;
  const { code, stderr } = await hale(['backtest', '--config', await configured(text), ...period]);
  expect(code).toBe(2);
  expect(stderr.trimEnd().split('\n')).toEqual([
    expect.stringMatching(/^hale: no objective of .* can be judged by a history of Prometheus$/),
    ...['signals.a', 'signals.b', 'objectives.a', 'objectives.b'].map((part) => expect.stringMatching(new RegExp(`^checkout\\.${part}: `))),
  ]);
});

test('backtest refuses a step in which no breach could grow old', async () => {
  const ran = await hale(['backtest', '--config', await configured(), ...period, '--step', '10m', '--json']);
  expect(ran.code).toBe(2);
  expect(failureOf(ran).message).toContain('allowed is at most 300s, the silence of');
});
