import { request as plainRequest, type IncomingMessage } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { performance } from 'node:perf_hooks';
import { RE2JS } from 're2js';
import { unreachable } from '../../domain/failure.js';
import type { NoDataReason, Reading } from '../../domain/reading.js';
import type { Asked, Meter } from '../../activities/ports.js';
import { forReading, type Resolve, type Way, wayTo } from './guard.js';

type HttpSignal = Asked<'http'>['signal'];

/** What one request saw. `blind` is a failure on our side of the wire, which says nothing about the service. */
type Seen =
  | { readonly kind: 'answered'; readonly status: number; readonly body: string; readonly seconds: number }
  | { readonly kind: 'timedOut'; readonly detail: string }
  | { readonly kind: 'failed'; readonly detail: string }
  | { readonly kind: 'blind'; readonly reason: NoDataReason; readonly detail: string };

/** More of a body than this is not read; expectations look at the part that was. */
const bodyBytesMax = 64 * 1024;
/** A time-out noticed this much too late means that this process stood still, not the service. */
const stalledMs = 500;
/** A process that computed for this share of the wait had no time to hear an answer. */
const busyShareMax = 0.9;
const ownFaults = new Set(['ENOTFOUND', 'EAI_AGAIN', 'ENETUNREACH', 'ENETDOWN', 'EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'EACCES', 'EPERM']);

/**
 * Asks a service itself, as a client would: one GET on a new connection, no redirect followed. A refused connection, a
 * broken answer or none in time is a symptom of the service (`ok` is 0); what goes wrong on our side is `noData`.
 */
export function httpMeter(resolve?: Resolve): Meter<'http'> {
  return { read: (asked, abort) => Promise.all(asked.map((one) => readOne(one.signal, resolve, abort))) };
}

async function readOne(signal: HttpSignal, resolve: Resolve | undefined, abort: AbortSignal): Promise<Reading> {
  const at = Date.now();
  try {
    const way = wayTo(signal.url, forReading, resolve);
    if (way.refusal !== undefined) return { kind: 'noData', at, reason: 'sourceUnavailable', detail: way.refusal };
    return readingOf(signal, await look(signal, way, abort), at);
  } catch (error) {
    return { kind: 'noData', at, reason: 'malformed', detail: error instanceof Error ? error.message : String(error) };
  }
}

function readingOf(signal: HttpSignal, seen: Seen, at: number): Reading {
  if (seen.kind === 'blind') return { kind: 'noData', at, reason: seen.reason, detail: seen.detail };
  if (signal.measure === 'ok') return okReading(signal, seen, at);
  if (seen.kind === 'failed') return { kind: 'noData', at, reason: 'absent', detail: seen.detail };
  if (signal.measure === 'latency') {
    // Nobody knows how long it would have taken: longer than any bound that makes sense under this time-out.
    return seen.kind === 'timedOut' ? { kind: 'unbounded', at, sign: 1 } : { kind: 'value', at, value: seen.seconds };
  }
  return seen.kind === 'timedOut'
    ? { kind: 'noData', at, reason: 'timeout', detail: seen.detail }
    : { kind: 'value', at, value: seen.status };
}

function okReading(signal: HttpSignal, seen: Exclude<Seen, { kind: 'blind' }>, at: number): Reading {
  switch (seen.kind) {
    case 'timedOut':
    case 'failed':
      return { kind: 'value', at, value: 0 };
    case 'answered': {
      const { status, body } = signal.expect;
      const statusOk = status === undefined ? seen.status >= 200 && seen.status < 300 : seen.status === status;
      const bodyOk = body === undefined || RE2JS.compile(body).matcher(seen.body).find();
      return { kind: 'value', at, value: statusOk && bodyOk ? 1 : 0 };
    }
    default:
      return unreachable(seen);
  }
}

function look(signal: HttpSignal, { lookup }: Way, abort: AbortSignal): Promise<Seen> {
  return new Promise((resolve) => {
    const url = new URL(signal.url);
    const started = performance.now();
    const loop = performance.eventLoopUtilization();
    const elapsed = (): number => performance.now() - started;
    const timeOut = (): Seen => timedOut(signal.timeoutMs, elapsed(), performance.eventLoopUtilization(loop).utilization);
    // A connection of its own: a kept one may be half dead, and then it would speak about the past.
    const options = { agent: false, headers: { 'user-agent': 'hale' }, lookup };
    const client = (url.protocol === 'https:' ? tlsRequest : plainRequest)(url, options);
    const end = (seen: Seen): void => {
      clearTimeout(timer);
      abort.removeEventListener('abort', aborted);
      client.destroy();
      resolve(seen);
    };
    const aborted = (): void => end({ kind: 'blind', reason: 'neverRead', detail: 'the read was given up' });
    // An answer that already lies in the socket counts: after a busy moment of this process timers come before input.
    const timer = setTimeout(() => setImmediate(() => end(timeOut())), signal.timeoutMs);
    abort.addEventListener('abort', aborted);
    // Also after the end: a request that is destroyed early says so later, and an error that nobody hears ends the process.
    client.on('error', (error: NodeJS.ErrnoException) => end(fault(error)));
    if (abort.aborted) return aborted();
    client.on('response', (response) => {
      readBody(response).then(
        (body) => end({ kind: 'answered', status: response.statusCode ?? 0, body, seconds: elapsed() / 1000 }),
        (error: NodeJS.ErrnoException) => end(fault(error)),
      );
    });
    client.end();
  });
}

/** Time-outs that this process made itself must not break a thousand services at once. */
function timedOut(timeoutMs: number, elapsedMs: number, busyShare: number): Seen {
  const blind = (detail: string): Seen => ({ kind: 'blind', reason: 'sourceUnavailable', detail });
  if (elapsedMs > timeoutMs + stalledMs) return blind(`hale itself stood still for ${Math.round(elapsedMs - timeoutMs)} ms`);
  if (busyShare > busyShareMax) return blind(`hale itself was busy for ${Math.round(busyShare * 100)} % of the time`);
  return { kind: 'timedOut', detail: `no answer within ${timeoutMs} ms` };
}

function fault(error: NodeJS.ErrnoException): Seen {
  const detail = `${error.code ?? error.name}: ${error.message}`;
  return ownFaults.has(error.code ?? '') ? { kind: 'blind', reason: 'sourceUnavailable', detail } : { kind: 'failed', detail };
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= bodyBytesMax) break;
  }
  return Buffer.concat(chunks).subarray(0, bodyBytesMax).toString('utf8');
}
