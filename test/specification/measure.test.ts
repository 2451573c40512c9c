import { expect, test } from 'vitest';
import { measureService } from '../../activities/measure.js';
import { execMeter } from '../../adapters/exec/meter.js';
import { httpMeter } from '../../adapters/http/meter.js';
import { sqlMeter } from '../../adapters/postgres-target/meter.js';
import { promqlMeter } from '../../adapters/prometheus/promql.js';
import { scrapeMeter } from '../../adapters/prometheus/scrape.js';
import { prometheusSources } from '../../adapters/prometheus/sources.js';
import type { Meters } from '../../activities/ports.js';
import type { Signal } from '../../domain/service.js';
import { serve } from '../support/listen.js';

const meters: Meters = {
  http: httpMeter(),
  exec: execMeter(),
  scrape: scrapeMeter(),
  promql: promqlMeter(prometheusSources()),
  sql: sqlMeter(),
};
const abort = new AbortController().signal;
const base = { everyMs: 1_000, timeoutMs: 3_000, perInstance: false, staleAfterMs: 10_000 };
const http = (name: string, url: string, more: Partial<Signal> = {}): Signal =>
  ({ ...base, kind: 'http', name, url, measure: 'ok', expect: {}, ...more }) as Signal;
const printed = (name: string, text: string): Signal => ({ ...base, kind: 'exec', name, argv: ['/bin/echo', text], plugin: false });

/** Answers 200 to the paths that are listed. */
const site = (...paths: string[]) => serve((request, response) => response.writeHead(paths.includes(request.url ?? '') ? 200 : 404).end());

test('signals of all kinds are read in the order asked, slots filled in', async () => {
  const url = await site('/shop', '/node-7:80/node-7');
  const signals = [printed('queue', '3'), http('up', `${url}/$service`), http('node', `${url}/$instance/$host`, { perInstance: true })];
  const readings = await measureService(meters, 'shop', 'node-7:80', signals, signals, abort);
  expect(readings.map(({ signal }) => signal)).toEqual(['queue', 'up', 'node']);
  expect(readings.map(({ reading }) => reading)).toMatchObject([{ value: 3 }, { value: 1 }, { value: 1 }]);
});

test('an instance whose name could leave its slot is never asked', async () => {
  let asked = 0;
  const url = await serve((_, response) => {
    asked += 1;
    response.end();
  });
  const signals = [http('node', `${url}/$instance`, { perInstance: true }), printed('queue', '3')];
  const readings = await measureService(meters, 'shop', '../../admin', signals, signals, abort);
  expect(readings.map(({ reading }) => reading)).toMatchObject([{ kind: 'noData', reason: 'malformed' }, { value: 3 }]);
  expect(asked).toBe(0);
});

test('a condition is read along with its signal and decides whether it says anything', async () => {
  const url = await site();
  const conditioned = http('errors', url, { onlyIf: [{ signal: 'traffic', bound: { above: 5 } }] });
  for (const [traffic, expected] of [
    ['6', { kind: 'value', value: 0 }],
    ['5', { kind: 'noData', reason: 'conditionNotMet' }],
    ['many', { kind: 'noData', reason: 'conditionNotMet' }],
  ] as const) {
    const readings = await measureService(meters, 'shop', undefined, [conditioned], [conditioned, printed('traffic', traffic)], abort);
    expect(readings.map(({ reading }) => reading)).toMatchObject([expected]);
  }
});
