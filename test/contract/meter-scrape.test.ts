import { expect, test } from 'vitest';
import { scrapeMeter } from '../../adapters/prometheus/scrape.js';
import type { Asked } from '../../activities/ports.js';
import { serve } from '../support/listen.js';

const asked = (url: string, metric: string, labels: Record<string, string> = {}): Asked<'scrape'> => ({
  service: 'shop',
  signal: { kind: 'scrape', name: metric, url, metric, labels, everyMs: 1000, timeoutMs: 400, perInstance: false, staleAfterMs: 5000 },
});

const page = `# HELP up Whether it is up.
# TYPE latency histogram
latency_bucket{le="0.5"} 12
latency_bucket{le="+Inf"} 14
latency_count 14
jobs{queue="mail"} 3
jobs{queue="print",host="a"} 4 1767225600123
jobs_total{queue="mail"} 99
odd{kind="nan"} NaN
odd{kind="inf"} -Inf
odd{kind="comma"} 1,5
odd{kind="hex"} 0x10
odd{kind="huge"} 1e309
twice 1
twice 2
`;

async function read(text: string, metric: string, labels: Record<string, string> = {}) {
  const url = await serve((_, response) => response.end(text));
  const [reading] = await scrapeMeter().read([asked(url, metric, labels)], new AbortController().signal);
  return reading;
}

test('metric and labels select one series, a histogram bucket too', async () => {
  expect(await read(page, 'jobs', { queue: 'mail' })).toMatchObject({ kind: 'value', value: 3 });
  expect(await read(page, 'latency_bucket', { le: '0.5' })).toMatchObject({ kind: 'value', value: 12 });
});

test('the sample keeps its own timestamp', async () => {
  expect(await read(page, 'jobs', { queue: 'print' })).toEqual({ kind: 'value', value: 4, at: 1767225600123 });
});

test('row 30: several series where one is expected are ambiguous and named', async () => {
  expect(await read(page, 'jobs')).toMatchObject({ kind: 'noData', reason: 'ambiguous', detail: expect.stringContaining('queue="print"') });
  expect(await read(page, 'twice')).toMatchObject({ reason: 'ambiguous' });
});

test('row 29: a series that is not there is absent, not zero', async () => {
  expect(await read(page, 'jobs', { queue: 'fax' })).toMatchObject({ kind: 'noData', reason: 'absent' });
});

test('row 27: NaN on a page is missing and an infinity is unbounded', async () => {
  expect(await read(page, 'odd', { kind: 'nan' })).toMatchObject({ kind: 'noData', reason: 'notANumber' });
  expect(await read(page, 'odd', { kind: 'inf' })).toMatchObject({ kind: 'unbounded', sign: -1 });
});

test.each(['comma', 'hex', 'huge'])('row 28: a page value written as %s is no number', async (kind) => {
  expect(await read(page, 'odd', { kind })).toMatchObject({ kind: 'noData', reason: 'malformed' });
});

test('row 34: a page cut in the middle of the line is no number', async () => {
  expect(await read('jobs 1', 'jobs')).toMatchObject({ kind: 'noData', reason: 'malformed' });
});

test('row 34: a login page or an error status is no page of metrics', async () => {
  const login = await serve((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>log in</html>'));
  const away = await serve((_, response) => response.writeHead(302, { location: '/login' }).end());
  const readings = await scrapeMeter().read([asked(login, 'jobs'), asked(away, 'jobs')], new AbortController().signal);
  expect(readings).toMatchObject([
    { kind: 'noData', reason: 'sourceUnavailable', detail: expect.stringContaining('HTML') },
    { kind: 'noData', reason: 'sourceUnavailable', detail: expect.stringContaining('302') },
  ]);
});

test('row 34: a page that hangs in the body times out', async () => {
  const url = await serve((_, response) => void response.write('jobs 1\n'));
  const started = Date.now();
  expect(await scrapeMeter().read([asked(url, 'jobs')], new AbortController().signal)).toMatchObject([
    { kind: 'noData', reason: 'timeout' },
  ]);
  expect(Date.now() - started).toBeLessThan(1_500);
});

test('signals of one page share one request', async () => {
  let requests = 0;
  const url = await serve((_, response) => {
    requests += 1;
    response.end(page);
  });
  const readings = await scrapeMeter().read(
    [asked(url, 'latency_count'), asked(url, 'jobs', { queue: 'mail' })],
    new AbortController().signal,
  );
  expect(readings).toMatchObject([{ value: 14 }, { value: 3 }]);
  expect(requests).toBe(1);
});
