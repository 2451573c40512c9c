// Row 45: what targets of http corrections answer that is no plain answer, over real HTTP.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Call } from '../../activities/ports.js';
import { httpProvider } from '../../adapters/http/provider.js';
import type { Action } from '../../domain/service.js';
import { serve } from '../support/listen.js';
import { row, type Guard } from './table.js';

type Http = Extract<Action, { kind: 'http' }>;

const provider = 'adapters/http/provider.ts';
const request = 'adapters/http/request.ts';
const timeout: Guard = [request, 'const limit = setTimeout('];
const done: Guard = [provider, 'if (answer.status >= 200 && answer.status < 300) return;'];
const readBack: Guard = [provider, "if (answer.kind === 'answered' && answer.status === 200) return"];
const unclear: Guard = [request, "kind: sent ? 'unclear' : 'notSent'"];

/** Answers the one request as told; `done` is what the target puts on its own record. */
type Answer = (response: ServerResponse, done: () => void, request: IncomingMessage) => void;

/** Sends the request, asks `verify` where that was unclear, and tells what hale knows, how often the target was asked, and by which key. */
const acting = async (): Promise<(answer: Answer) => Promise<string>> => {
  let answer: Answer = () => undefined;
  let key = '';
  const keys: string[] = [];
  const url = await serve((asked, response) => {
    if (asked.method === 'GET') return void response.writeHead(key === asked.headers['idempotency-key'] ? 200 : 404).end();
    keys.push(`${String(asked.headers['idempotency-key'])}|${String(asked.headers['hale-fence'])}`);
    answer(response, () => (key = String(asked.headers['idempotency-key'])), asked);
  });
  return async (told) => {
    answer = told;
    key = '';
    keys.length = 0;
    const action: Http = { kind: 'http', request: { method: 'POST', url: `${url}/on`, headers: {} }, verifyUrl: `${url}/is` };
    const image = { identity: 'opaque', summary: '', content: {} };
    const names = { service: 'shop', actionId: 'row-45', fence: '7', timeoutMs: 400 };
    const call: Call<Http> = { ...names, action, before: image, abort: new AbortController().signal, permit: async () => undefined };
    const http = httpProvider();
    const said = await http.apply(call).then(
      () => 'done',
      async (error: Error) => {
        const found = await http.readBack({ ...call, underWayUntil: Date.now() + 3_000 });
        return `${error.name}: ${error.message}; read back: ${found.kind}`;
      },
    );
    return `${said}; asked ${keys.length} times, by ${keys.join(', ')}`;
  };
};

row(45, 'HTTP', 'an unclear answer is read back by its key, and never sent again', acting, [
  [
    (response, ok) => void setTimeout(() => (ok(), response.end()), 700),
    /did not answer within 400 ms; read back: applied; asked 1 times, by row-45\|7$/,
    timeout,
  ],
  [(response, ok) => (ok(), response.writeHead(204).end()), /^done; asked 1 times/, done],
  [
    (response, ok) => (response.writeHead(500).end('busy'), void setTimeout(ok, 300)),
    /answered 500: busy; read back: applied; asked 1/,
    readBack,
  ],
  [
    (response, _, { url }) => void response.writeHead(307, { location: url }).end(),
    /answered 307: ; read back: notApplied; asked 1/,
    [provider, '`${method} ${url} answered ${answer.status}'],
  ],
  [
    (response, ok) => (
      ok(),
      response.writeHead(200, { 'content-length': '9', connection: 'keep-alive' }).write('half', () => response.socket?.resetAndDestroy())
    ),
    /^done; asked 1/,
    [request, 'soFar(bytes.toString'],
  ],
  [(response, ok) => (ok(), response.socket?.resetAndDestroy()), /(ECONNRESET|socket hang up); read back: applied; asked 1/, unclear],
]);
