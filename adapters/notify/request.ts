import type { Sent } from '../../domain/delivery.js';
import { failureOf } from '../../secrets/failure.js';
import { redacted } from '../../secrets/redact.js';

export interface Request {
  readonly method: 'GET' | 'POST' | 'PATCH';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** What the receiver is shown and its answer must not tell. */
  readonly secrets: readonly string[];
  readonly abort: AbortSignal;
}

const answerBytesMax = 4_096;

export interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly text: string;
}

/** One request, without redirects. Throws where no answer came; nothing it throws holds one of the secrets. */
export async function ask(request: Request): Promise<Answer> {
  try {
    return await exchange(request);
  } catch (error) {
    throw failureOf(error, request.secrets);
  }
}

async function exchange({ method, url, headers = {}, body, secrets, abort }: Request): Promise<Answer> {
  const json = body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' };
  const response = await fetch(url, {
    method,
    headers: { 'user-agent': 'hale', ...json, ...headers },
    redirect: 'manual',
    signal: abort,
    ...(body === undefined ? {} : { body }),
  });
  return { status: response.status, retryAfter: response.headers.get('retry-after'), text: redacted(await beginningOf(response), secrets) };
}

/** The status is the answer: a body without end takes nothing from it. */
async function beginningOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= answerBytesMax) break;
  }
  return Buffer.concat(chunks).toString('utf8').slice(0, answerBytesMax);
}

/** What an answer means: a wrong key or address may be mended, a message that is not understood stays so. */
export function sentBy({ status, retryAfter, text }: Answer): Sent {
  const said = `answered ${status}${text === '' ? '' : `: ${oneLine(text)}`}`;
  if (status >= 200 && status < 300) return { kind: 'sent', answer: said };
  if (status < 400 || REFUSALS.includes(status)) return { kind: 'refused', why: said };
  const afterMs = afterMsOf(retryAfter);
  return { kind: 'later', why: said, ...(afterMs === undefined ? {} : { afterMs }) };
}

const REFUSALS: readonly number[] = [400, 405, 411, 413, 415, 422];

const oneLine = (text: string): string =>
  text
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(0, 200);

/** Seconds, or a date. */
function afterMsOf(retryAfter: string | null): number | undefined {
  if (retryAfter === null) return undefined;
  if (/^\d{1,9}$/.test(retryAfter)) return Number(retryAfter) * 1_000;
  const at = Date.parse(retryAfter);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}

/** What kept an answer from coming, for people. */
function whyNot(error: unknown, abort: AbortSignal): string {
  if (abort.aborted)
    return abort.reason instanceof Error && abort.reason.name === 'TimeoutError' ? 'did not answer in time' : 'was called off';
  return error instanceof Error ? error.message : String(error);
}

/** Never throws: what went wrong is a reason to try later. */
export async function tried(abort: AbortSignal, work: () => Promise<Sent>): Promise<Sent> {
  try {
    return await work();
  } catch (error) {
    return { kind: 'later', why: whyNot(error, abort) };
  }
}
