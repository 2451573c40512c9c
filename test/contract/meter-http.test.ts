import { createServer } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { httpMeter } from '../../adapters/http/meter.js';
import type { Asked } from '../../activities/ports.js';
import type { Reading } from '../../domain/reading.js';
import { listen, serve } from '../support/listen.js';

type HttpSignal = Asked<'http'>['signal'];

const meter = httpMeter();
const asked = (url: string, changed: Partial<HttpSignal> = {}): Asked<'http'> => ({
  service: 'shop',
  signal: {
    kind: 'http',
    name: 'up',
    url,
    measure: 'ok',
    expect: {},
    everyMs: 1000,
    timeoutMs: 300,
    perInstance: false,
    staleAfterMs: 5000,
    ...changed,
  },
});

async function read(url: string, changed: Partial<HttpSignal> = {}): Promise<Reading | undefined> {
  const [reading] = await meter.read([asked(url, changed)], new AbortController().signal);
  return reading;
}

test('an answer that meets every expectation is 1, any other is 0', async () => {
  const url = await serve((_, response) => response.writeHead(203).end('fine\nok'));
  expect(await read(url)).toMatchObject({ kind: 'value', value: 1 });
  expect(await read(url, { expect: { status: 203, body: '(?m)^ok$' } })).toMatchObject({ value: 1 });
  expect(await read(url, { expect: { body: '^ok' } })).toMatchObject({ value: 0 });
  expect(await read(url, { expect: { status: 200 } })).toMatchObject({ value: 0 });
  expect(await read(url, { measure: 'status' })).toMatchObject({ value: 203 });
});

test('latency is the seconds until the body was read', async () => {
  const url = await serve((_, response) => {
    response.write('o');
    setTimeout(() => response.end('k'), 120);
  });
  const reading = await read(url, { measure: 'latency' });
  expect(reading?.kind === 'value' && reading.value).toBeGreaterThan(0.11);
  expect(reading?.kind === 'value' && reading.value).toBeLessThan(0.3);
});

test('a refused connection is a symptom of the service, but has no latency', async () => {
  const url = 'http://127.0.0.1:1/';
  expect(await read(url)).toMatchObject({ kind: 'value', value: 0 });
  expect(await read(url, { measure: 'latency' })).toMatchObject({ kind: 'noData', reason: 'absent' });
});

test('a service that hangs is 0 after the time-out and slower than every bound', async () => {
  const url = await serve(() => undefined);
  const started = Date.now();
  expect(await read(url)).toMatchObject({ kind: 'value', value: 0 });
  expect(Date.now() - started).toBeLessThan(600);
  expect(await read(url, { measure: 'latency' })).toMatchObject({ kind: 'unbounded', sign: 1 });
  expect(await read(url, { measure: 'status' })).toMatchObject({ kind: 'noData', reason: 'timeout' });
});

test('the time-out counts for the body too', async () => {
  const url = await serve((_, response) => void response.writeHead(200).write('o'));
  expect(await read(url)).toMatchObject({ kind: 'value', value: 0 });
});

test('an answer broken off in the middle is 0', async () => {
  const url = await serve((_, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('ok');
    setTimeout(() => response.destroy(), 20);
  });
  expect(await read(url)).toMatchObject({ kind: 'value', value: 0 });
});

test('something that speaks no HTTP is 0', async () => {
  const port = await listen(createServer((socket) => socket.end('SSH-2.0-x\r\n')));
  expect(await read(`http://127.0.0.1:${port}/`)).toMatchObject({ kind: 'value', value: 0 });
});

test('a redirect is not followed', async () => {
  let requests = 0;
  const url = await serve((_, response) => {
    requests += 1;
    response.writeHead(302, { location: '/login' }).end();
  });
  expect(await read(url)).toMatchObject({ value: 0 });
  expect(await read(url, { expect: { status: 302 } })).toMatchObject({ value: 1 });
  expect(requests).toBe(2);
});

test('a body without end is cut, not collected', async () => {
  const url = await serve((_, response) => {
    const flood = (): void => {
      while (response.write(Buffer.alloc(16_384, 'x')));
    };
    response.on('drain', flood);
    flood();
  });
  expect(await read(url, { expect: { body: '^x' } })).toMatchObject({ value: 1 });
});

test('each read takes a connection of its own', async () => {
  const ports = new Set<number | undefined>();
  const url = await serve((request, response) => {
    ports.add(request.socket.remotePort);
    response.end('ok');
  });
  await read(url);
  await read(url);
  expect(ports.size).toBe(2);
});

test.each([
  ['http://no-such-host.invalid/', 'sourceUnavailable'],
  ['ftp://127.0.0.1/', 'malformed'],
  ['not a url', 'malformed'],
])('what fails on our side of the wire is no data: %s', async (url, reason) => {
  expect(await read(url, { timeoutMs: 8_000 })).toMatchObject({ kind: 'noData', reason });
});

test('a read that is given up before it begins says nothing about the service, and does not end the process', async () => {
  const unheard = vi.fn();
  process.once('uncaughtException', unheard);
  onTestFinished(() => void process.removeListener('uncaughtException', unheard));
  const url = await serve(() => undefined);
  expect(await meter.read([asked(url)], AbortSignal.abort())).toMatchObject([{ kind: 'noData', reason: 'neverRead' }]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(unheard).not.toHaveBeenCalled();
});

test('a read given up says nothing about the service', async () => {
  const url = await serve(() => undefined);
  const giveUp = new AbortController();
  const reading = meter.read([asked(url)], giveUp.signal);
  giveUp.abort();
  expect(await reading).toMatchObject([{ kind: 'noData', reason: 'neverRead' }]);
});

test('one read that hangs does not lengthen the others', async () => {
  const hung = await serve(() => undefined);
  const fine = await serve((_, response) => response.end('ok'));
  const readings = await meter.read([asked(hung), asked(fine, { measure: 'latency' })], new AbortController().signal);
  expect(readings[0]).toMatchObject({ value: 0 });
  expect(readings[1]?.kind === 'value' && readings[1].value).toBeLessThan(0.25);
});

test.each([
  ['stands still', 10, 1_000],
  ['computes all the time', 100, 30],
])('a time-out while hale itself %s says nothing about the service', async (_, turns, blockMs) => {
  const url = await serve(() => undefined);
  const reading = read(url);
  const block = (left: number): void => {
    const until = performance.now() + blockMs;
    while (performance.now() < until);
    if (left > 0 && performance.now() - started < 1_500) setImmediate(() => block(left - 1));
  };
  const started = performance.now();
  block(turns);
  expect(await reading).toMatchObject({ kind: 'noData', reason: 'sourceUnavailable', detail: expect.stringContaining('hale itself') });
});
