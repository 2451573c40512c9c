import { request as plainRequest, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
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
  /** Awaited once there is a connection, right before the first byte of the request. */
  readonly permit?: () => Promise<void>;
}

/** `notSent`: the server saw nothing of the request. `unclear`: it may have done what it was asked. */
export type Exchange =
  | { readonly kind: 'answered'; readonly status: number; readonly etag: string | undefined; readonly body: string }
  | { readonly kind: 'notSent'; readonly why: string }
  | { readonly kind: 'unclear'; readonly why: string };

const bodyBytesMax = 64 * 1024;

/** One request on a connection of its own, without redirects, proxies or repetition. Rejects only with what `permit` threw. */
export function exchange({
  method,
  url,
  way,
  headers,
  body,
  timeoutMs,
  abort,
  permit = async () => undefined,
}: Request): Promise<Exchange> {
  if (way.refusal !== undefined) return Promise.resolve({ kind: 'notSent', why: way.refusal });
  return new Promise((resolve, reject) => {
    const { protocol } = new URL(url);
    const client = begun(url, { method, headers: framed(headers, body), agent: false, lookup: way.lookup });
    if (client instanceof Error) return resolve({ kind: 'notSent', why: `${url} could not be asked: ${client.message}` });
    let sent = false;
    let answer: Exchange | undefined;
    const end = () => {
      clearTimeout(limit);
      abort.removeEventListener('abort', calledOff);
      client.destroy();
    };
    const settle = (otherwise: string) => {
      resolve(answer ?? { kind: sent ? 'unclear' : 'notSent', why: otherwise });
      end();
    };
    const limit = setTimeout(() => settle(`${url} ${sent ? 'did not answer' : 'could not be asked'} within ${timeoutMs} ms`), timeoutMs);
    const calledOff = () => settle(`the request to ${url} was called off`);
    abort.addEventListener('abort', calledOff, { once: true });
    const send = () => {
      sent = true;
      client.end(body);
    };
    const notPermitted = (error: unknown) => {
      reject(error);
      end();
    };
    onConnection(client, protocol, () => void permit().then(send, notPermitted));
    client.on('error', (error) => settle(`${url}: ${error.message}`));
    client.on('response', (response) => {
      if (!sent) return settle(`${url} answered before it was asked`);
      // The status is the answer; a body that is cut off or never ends takes nothing from it.
      void read(response, (text) => (answer = answered(response, text))).then(() => settle('its answer was cut off'));
    });
    if (abort.aborted) calledOff();
  });
}

/** The request before anything of it is sent; Node throws where a header has a name or a value that none can have. */
function begun(url: string, options: RequestOptions): ClientRequest | Error {
  try {
    return (new URL(url).protocol === 'https:' ? tlsRequest : plainRequest)(url, options);
  } catch (error) {
    return error as Error;
  }
}

/** With `expect` Node would send the headers before permission was given, and beside a length it fails at a `trailer`. */
const framing = new Set(['content-length', 'transfer-encoding', 'expect', 'trailer']);

/** How long the body is: Node does not say so for every method, and then a server takes the body for another request. */
function framed(headers: Request['headers'], body: string | undefined): Request['headers'] {
  const others = Object.entries(headers).filter(([name]) => !framing.has(name.toLowerCase()));
  return { ...Object.fromEntries(others), ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }) };
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
