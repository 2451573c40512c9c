import type { NoDataReason } from '../../domain/reading.js';
import type { SecretReference } from '../../domain/service.js';
import { failureOf } from '../../secrets/failure.js';
import { headerSecretOf } from '../../secrets/read.js';
import { redacted } from '../../secrets/redact.js';

export interface Request {
  readonly url: string;
  /** Sent as a form by POST, since a query may be longer than a URL may be. */
  readonly form?: Readonly<Record<string, string>>;
  readonly accept: string;
  readonly token?: SecretReference | undefined;
  readonly timeoutMs: number;
  readonly abort: AbortSignal;
}

export type Answer =
  | { readonly kind: 'answered'; readonly status: number; readonly isHtml: boolean; readonly text: string }
  | { readonly kind: 'failed'; readonly reason: NoDataReason; readonly detail: string };

const bodyBytesMax = 32 * 1024 * 1024;

/** One request; the time-out counts until the whole body was read. Never throws, follows no redirect. */
export async function ask(request: Request): Promise<Answer> {
  const controller = new AbortController();
  const giveUp = (): void => controller.abort();
  const timer = setTimeout(giveUp, request.timeoutMs);
  request.abort.addEventListener('abort', giveUp);
  if (request.abort.aborted) giveUp();
  let secrets: readonly string[] = [];
  try {
    secrets = request.token === undefined ? [] : [await headerSecretOf(request.token)];
    const response = await send(request, secrets, controller.signal);
    const text = redacted(await textOf(response), secrets);
    const isHtml = /html/i.test(response.headers.get('content-type') ?? '') || /^\s*</.test(text);
    return { kind: 'answered', status: response.status, isHtml, text };
  } catch (error) {
    return failure(failureOf(error, secrets), request, controller.signal.aborted);
  } finally {
    clearTimeout(timer);
    request.abort.removeEventListener('abort', giveUp);
  }
}

async function send({ url, form, accept }: Request, [token]: readonly string[], signal: AbortSignal): Promise<Response> {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const body = form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) };
  return fetch(url, { ...body, headers: { accept, ...authorization }, redirect: 'manual', signal });
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > bodyBytesMax) throw new Error(`the body is larger than ${bodyBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function failure({ message }: Error, { timeoutMs, abort }: Request, timedOut: boolean): Answer {
  if (abort.aborted) return { kind: 'failed', reason: 'neverRead', detail: 'the read was given up' };
  if (timedOut) return { kind: 'failed', reason: 'timeout', detail: `no whole answer within ${timeoutMs} ms` };
  return { kind: 'failed', reason: 'sourceUnavailable', detail: message };
}
