import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { calls, refusedInCreate, type CallName } from '../../adapters/docker/calls.js';
import { listen } from './listen.js';

/** A filtering proxy before a real docker, whose line to the client can go dead in the two ways that matter. */
export interface DockerProxy {
  readonly url: string;
  /** Requests that it let through, as `POST /containers/<id>/restart`. */
  readonly seen: string[];
  /** Names of the calls that were let through. */
  readonly used: Set<CallName>;
  readonly refused: string[];
  /** Versions of the API in the paths of requests; empty where there is none. */
  readonly versions: Set<string>;
  /** Requests whose path is like this reach docker; their answers do not come back, the line is cut. */
  loseAnswersTo: RegExp | undefined;
  /** The first of them whose answer is lost: 2 is the second. */
  loseAfter: number;
  /** Requests that change something reach nobody, and get no answer. */
  hanging: boolean;
  /** What it says in place of docker's own answer to /version. */
  version: Readonly<Record<string, string>> | undefined;
}

/**
 * @param allowed without it every request passes
 * @param lenient what it should refuse in the body of `create`, and does not
 * @param known as which it knows a name in the body of `create`
 * @param instead what it refuses in place of that
 */
export async function dockerProxy(
  socket: string,
  allowed?: readonly CallName[],
  lenient?: (typeof refusedInCreate)[number],
  known: (name: string) => string = (name) => name.toLowerCase(),
  instead: typeof refusedInCreate = [],
): Promise<DockerProxy> {
  const refused = [...refusedInCreate.filter((one) => one !== lenient), ...instead];
  const server = createServer((incoming, answer) => void pass(proxy, socket, { allowed, refused, known }, incoming, answer));
  const url = `http://127.0.0.1:${await listen(server)}`;
  const proxy: DockerProxy = {
    url,
    seen: [],
    used: new Set(),
    refused: [],
    versions: new Set(),
    loseAnswersTo: undefined,
    loseAfter: 1,
    hanging: false,
    version: undefined,
  };
  return proxy;
}

async function pass(
  proxy: DockerProxy,
  socket: string,
  { allowed, ...filter }: Filter & { readonly allowed: readonly CallName[] | undefined },
  incoming: IncomingMessage,
  answer: ServerResponse,
): Promise<void> {
  const body = await buffer(incoming);
  const { method = '', url = '' } = incoming;
  const path = url.split('?')[0] ?? '';
  const line = `${method} ${path.replace(/^\/v1\.\d+/, '')}`;
  if (proxy.hanging && method !== 'GET') return;
  const call = callOf(method, path);
  if (allowed !== undefined && (call === undefined || !allowed.includes(call) || isDangerous(call, body, filter))) {
    proxy.refused.push(line);
    answer.writeHead(403, { 'content-type': 'application/json' }).end(JSON.stringify({ message: `${line} is not allowed here` }));
    return;
  }
  if (call !== undefined) proxy.used.add(call);
  proxy.seen.push(line);
  proxy.versions.add(/^\/(v1\.\d+)\//.exec(path)?.[1] ?? '');
  if (path === '/version' && proxy.version !== undefined) return void answer.end(JSON.stringify(proxy.version));
  const isLost = (proxy.loseAnswersTo?.test(path) ?? false) && --proxy.loseAfter <= 0;
  const onwards = request({ socketPath: socket, method, path: url, headers: incoming.headers }, (response) => {
    if (!isLost) answer.writeHead(response.statusCode ?? 502, response.headers);
    response.on('data', (chunk) => void (isLost || answer.write(chunk)));
    response.on('end', () => void (isLost ? answer.destroy() : answer.end()));
  });
  onwards.on('error', () => answer.destroy());
  onwards.end(body);
}

const callOf = (method: string, path: string): CallName | undefined =>
  (Object.keys(calls) as CallName[]).find((name) => calls[name].method === method && new RegExp(calls[name].path).test(path));

interface Filter {
  readonly refused: typeof refusedInCreate;
  readonly known: (name: string) => string;
}

function isDangerous(call: CallName, body: Buffer, { refused, known }: Filter): boolean {
  if (call !== 'create') return false;
  const whole = JSON.parse(body.toString('utf8')) as unknown;
  const under = (at: unknown, key: string): unknown =>
    Object.entries((at ?? {}) as object).find(([name]) => known(name) === known(key))?.[1];
  return refused.some(({ field, values }) => {
    const value = field.reduce(under, whole);
    return textsOf(value).some((text) => new RegExp(values, 'i').test(text));
  });
}

function textsOf(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value.length === 0 ? [''] : value.flatMap(textsOf);
  return [typeof value === 'string' ? value : JSON.stringify(value)];
}
