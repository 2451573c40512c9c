import { setTimeout as sleep } from 'node:timers/promises';
import type { SecretReference } from '../../domain/service.js';
import { ask } from './ask.js';

/** Where to ask, and how patiently. Everything is asked by GET: nothing can be changed. */
export interface Endpoint {
  readonly url: string;
  readonly token?: SecretReference | undefined;
  readonly timeoutMs: number;
  readonly queriesPerSecondMax: number;
}

/** The answer's data, or why there is none. `tooMuch`: ask for less; `badRequest`: the fault of the question. */
export type Got =
  | { readonly kind: 'data'; readonly data: unknown }
  | { readonly kind: 'tooMuch' | 'badRequest' | 'unreachable'; readonly detail: string };

/** Reads from one server, never faster than it allows. */
export class Getter {
  readonly #endpoint: Endpoint;
  #nextTurnAt = 0;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  get url(): string {
    return this.#endpoint.url;
  }

  /** One GET; what only failed to be answered is asked once more. */
  async get(path: string, query: Readonly<Record<string, string>> = {}): Promise<Got> {
    const first = await this.#once(path, query);
    return first.kind === 'unreachable' ? this.#once(path, query) : first;
  }

  async #once(path: string, query: Readonly<Record<string, string>>): Promise<Got> {
    const { url, token, timeoutMs, queriesPerSecondMax } = this.#endpoint;
    const now = Date.now();
    const turnAt = Math.max(now, this.#nextTurnAt);
    this.#nextTurnAt = turnAt + 1000 / queriesPerSecondMax;
    if (turnAt > now) await sleep(turnAt - now);
    const parameters = new URLSearchParams(query).toString();
    const whole = `${url.replace(/\/+$/, '')}${path}${parameters === '' ? '' : `?${parameters}`}`;
    const answer = await ask({ url: whole, accept: 'application/json', token, timeoutMs, abort: new AbortController().signal });
    if (answer.kind === 'failed') {
      const tooMuch = answer.reason === 'timeout' || answer.detail.startsWith('the body is larger');
      return { kind: tooMuch ? 'tooMuch' : 'unreachable', detail: answer.detail };
    }
    return gotOf(answer);
  }
}

function gotOf({ status, isHtml, text }: { readonly status: number; readonly isHtml: boolean; readonly text: string }): Got {
  if (status === 401 || status === 403) return { kind: 'unreachable', detail: `status ${status}: it asks for a token, or for another one` };
  if (status >= 300 && status < 400)
    return { kind: 'unreachable', detail: `status ${status}: it sends elsewhere, to a login page perhaps` };
  if (isHtml) return { kind: 'unreachable', detail: `HTML instead of JSON, status ${status}: a login page, or no Prometheus` };
  const body = parsed(text);
  if (body === undefined) return { kind: 'unreachable', detail: `status ${status} without whole JSON` };
  if (status === 200 && body.status === 'success' && body.data !== undefined) return { kind: 'data', data: body.data };
  if (status === 200 && body.status === undefined) return { kind: 'data', data: body };
  const detail = `status ${status}: ${String(body.errorType)}: ${String(body.error)}`.slice(0, 300);
  if (body.errorType === 'timeout' || body.errorType === 'execution') return { kind: 'tooMuch', detail };
  return { kind: body.errorType === 'bad_data' ? 'badRequest' : 'unreachable', detail };
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
