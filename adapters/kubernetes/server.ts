import { request as requestPlain } from 'node:http';
import { request as requestTls, type RequestOptions } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeConfig } from '@kubernetes/client-node';
import type { Call } from '../../activities/ports.js';
import type { Permission } from '../../domain/cluster.js';
import { NotPermitted, TargetRefused } from '../../domain/failure.js';

/** One request to the API server, and the permission that it takes. */
export interface Request {
  readonly needs: Permission;
  readonly path: string;
  /** Where it is about a namespace; said to people when the permission is missing. */
  readonly namespace?: string;
  /** A JSON Patch, or a new object. */
  readonly body?: unknown;
  /** Awaited each time as the last thing before the request is sent. */
  readonly permit?: Call['permit'];
}

/** The API server of one cluster, as whoever hale is there. Answers objects as they are, with what this version does not know. */
export interface Server {
  readonly host: string;
  /**
   * Throws `TargetRefused` where the cluster refuses, `Conflict` and `Missing` among them; any other error leaves open what
   * a change has done. Waits where it is told to come back later.
   */
  readonly ask: <T>(request: Request) => Promise<T>;
}

/** The object has changed since it was read. */
export class Conflict extends TargetRefused {}
/** There is no such object. */
export class Missing extends TargetRefused {}

export interface Patience {
  readonly timeoutMs: number;
  readonly abort?: AbortSignal;
}

interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

const bodyBytesMax = 16 * 1024 * 1024;

export async function serverOf(access: string, { timeoutMs, abort }: Patience): Promise<Server> {
  const config = await configOf(access);
  const base = new URL(config.getCurrentCluster()?.server ?? '');
  const time = AbortSignal.timeout(timeoutMs);
  const signal = abort === undefined ? time : AbortSignal.any([time, abort]);
  const once = async (request: Request): Promise<Answer> => {
    try {
      return await exchange(config, base, request, signal);
    } catch (error) {
      if (error instanceof NotPermitted) throw error;
      if (abort?.aborted) throw new Error(`asking the cluster ${base.host} was called off`, { cause: error });
      if (time.aborted) throw new Error(`the cluster ${base.host} did not answer within ${timeoutMs} ms`, { cause: error });
      const sentence = `the cluster ${base.host} can't be asked: ${error instanceof Error ? error.message : String(error)}`;
      throw isNotSent(error) ? new TargetRefused(sentence) : new Error(sentence, { cause: error });
    }
  };
  const ask = async <T>(request: Request): Promise<T> => {
    for (;;) {
      const answer = await once(request);
      const laterMs = comeBackIn(answer);
      if (laterMs === undefined) return read<T>(request, answer);
      await sleep(laterMs, undefined, { signal }).catch(() => undefined);
      // A server that is too busy has done nothing.
      if (signal.aborted) throw new TargetRefused(`the cluster ${base.host} is too busy: it asks to come back in ${answer.retryAfter} s`);
    }
  };
  return { host: base.host, ask };
}

/** The client is large: only who has a cluster loads it. */
async function configOf(access: string): Promise<KubeConfig> {
  const client = await import('@kubernetes/client-node');
  const config = new client.KubeConfig();
  if (access === 'inCluster') config.loadFromCluster();
  else loadFrom(access, config);
  return config;
}

/** What can't be parsed is quoted by the parser, and beside the fault there may be a token. */
function loadFrom(file: string, config: KubeConfig): void {
  try {
    config.loadFromFile(file);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'YAMLException') throw error;
    const [position = ''] = /\(\d+:\d+\)/.exec(error.message) ?? [];
    throw new Error(`the kubeconfig ${file} is no YAML ${position}`.trim());
  }
}

/** As above: what the program printed may be the token itself. */
function noCredentials(error: unknown): never {
  throw error instanceof SyntaxError ? new Error('the program for its credentials prints no JSON') : error;
}

async function exchange(config: KubeConfig, base: URL, { needs, path, body, permit }: Request, signal: AbortSignal): Promise<Answer> {
  const url = new URL(`${base.pathname.replace(/\/$/, '')}${path}`, base);
  const method = needs.verb === 'patch' ? 'PATCH' : needs.verb === 'create' ? 'POST' : 'GET';
  const type = method === 'PATCH' ? 'application/json-patch+json' : 'application/json';
  const options: RequestOptions = {
    method,
    headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': type }) },
  };
  // Credentials may come from a program or another server, which know no time limit.
  await within(signal, config.applyToHTTPSOptions(options).catch(noCredentials));
  await permit?.();
  return new Promise((resolve, reject) => {
    const sent = (url.protocol === 'http:' ? requestPlain : requestTls)(url, { ...options, signal }, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > bodyBytesMax) response.destroy(new Error('its answer is too long'));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          retryAfter: response.headers['retry-after'],
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const within = <T>(signal: AbortSignal, work: Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    const giveUp = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });

const isNotSent = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && ['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH'].includes(String(error.code));

/** The server is too busy. One whose disruption budget allows nothing says the same, but waiting for that is for people. */
function comeBackIn({ status, retryAfter, body }: Answer): number | undefined {
  if (status !== 429 || retryAfter === undefined || causeIn(body) === 'DisruptionBudget') return undefined;
  const seconds = Number(retryAfter);
  return Number.isFinite(seconds) ? Math.max(seconds, 0) * 1000 : undefined;
}

interface Status {
  readonly message?: string;
  readonly details?: { readonly causes?: readonly { readonly reason?: string; readonly message?: string }[] };
}

function read<T>({ needs, namespace, path }: Request, { status, body }: Answer): T {
  if (status >= 200 && status < 300) return JSON.parse(body) as T;
  const where = namespace === undefined ? 'in the cluster' : `in ${namespace}`;
  const said = statusIn(body)?.message?.slice(0, 300) ?? `status ${status}`;
  if (status === 401) throw new TargetRefused('the cluster does not accept hale`s credentials');
  if (status === 403) throw new TargetRefused(`no permission: needs ${needs.verb} ${needs.resource} ${where} (${said})`);
  if (status === 404) throw new Missing(said);
  if (status === 409) throw new Conflict(said);
  if (status === 429) throw new TargetRefused([said, budgetIn(body)].filter((one) => one !== undefined).join(' '));
  if (status >= 400 && status < 500) throw new TargetRefused(`the cluster answered ${status}: ${said}`);
  throw new Error(`the cluster answered ${status} to ${needs.verb} ${path}: ${said}`);
}

function statusIn(body: string): Status | undefined {
  try {
    return JSON.parse(body) as Status;
  } catch {
    return undefined;
  }
}

const causeIn = (body: string): string | undefined => statusIn(body)?.details?.causes?.[0]?.reason;
const budgetIn = (body: string): string | undefined => statusIn(body)?.details?.causes?.[0]?.message?.slice(0, 300);
