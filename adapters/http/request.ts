import { request as plainRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as tlsRequest } from 'node:https';
import type { Way } from './guard.js';

export interface Request {
  readonly method: string;
  readonly url: string;
  readonly way: Way;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: number;
  readonly abort: AbortSignal;
}

/** `notSent`: no connection came about, so the server saw nothing. `unclear`: it may have done what it was asked. */
export type Exchange =
  | { readonly kind: 'answered'; readonly status: number; readonly etag: string | undefined; readonly body: string }
  | { readonly kind: 'notSent'; readonly why: string }
  | { readonly kind: 'unclear'; readonly why: string };

const bodyBytesMax = 64 * 1024;

/** One request on a connection of its own, without redirects, proxies or repetition. Never rejects. */
export function exchange({ method, url, way, headers, body, timeoutMs, abort }: Request): Promise<Exchange> {
  if (way.refusal !== undefined) return Promise.resolve({ kind: 'notSent', why: way.refusal });
  return new Promise((resolve) => {
    const { protocol } = new URL(url);
    const client = (protocol === 'https:' ? tlsRequest : plainRequest)(url, { method, headers, agent: false, lookup: way.lookup });
    let connected = false;
    let answer: Exchange | undefined;
    const settle = (otherwise: string) => {
      clearTimeout(limit);
      abort.removeEventListener('abort', calledOff);
      resolve(answer ?? { kind: connected ? 'unclear' : 'notSent', why: otherwise });
      client.destroy();
    };
    const limit = setTimeout(() => settle(`${url} did not answer within ${timeoutMs} ms`), timeoutMs);
    const calledOff = () => settle(`the request to ${url} was called off`);
    abort.addEventListener('abort', calledOff, { once: true });
    onConnection(client, protocol, () => (connected = true));
    client.on('error', (error) => settle(`${url}: ${error.message}`));
    client.on('response', (response) => {
      // The status is the answer; a body that is cut off or never ends takes nothing from it.
      void read(response, (text) => (answer = answered(response, text))).then(() => settle('its answer was cut off'));
    });
    if (abort.aborted) calledOff();
    else client.end(body);
  });
}

function onConnection(client: ClientRequest, protocol: string, connected: () => void): void {
  client.once('socket', (socket) => socket.once(protocol === 'https:' ? 'secureConnect' : 'connect', connected));
}

async function read(response: IncomingMessage, soFar: (text: string) => void): Promise<void> {
  let bytes = Buffer.alloc(0);
  soFar('');
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes = Buffer.concat([bytes, chunk]).subarray(0, bodyBytesMax);
      soFar(bytes.toString('utf8'));
      if (bytes.length === bodyBytesMax) return;
    }
  } catch {
    // What came before the cut is kept.
  }
}

const answered = ({ statusCode = 0, headers }: IncomingMessage, body: string): Exchange => ({
  kind: 'answered',
  status: statusCode,
  etag: headers.etag,
  body,
});
