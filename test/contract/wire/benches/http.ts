import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Action, HttpRequest } from '../../../../domain/service.js';
import type { WireBench, WireTarget } from '../bench.js';
import { built } from './module.js';

type Http = Extract<Action, { kind: 'http' }>;

const provider = built('adapters/http/provider', 'httpProvider');
const timeoutMs = 400;

export const http: WireBench<Http> = {
  name: 'http with verify and undo',
  provider,
  arrange: () => arrange((port) => ({ verifyUrl: urlAt(port), undoRequest: requestAt(port, 'off') })),
  without: { compare: 'hale can not see what a request acts on' },
};

export const httpBlind: WireBench<Http> = {
  name: 'http without verify',
  provider,
  arrange: () => arrange(() => ({})),
  without: {
    compare: 'hale can not see what a request acts on',
    readBack: 'there is nobody to ask',
    undo: 'there is no request for it',
  },
};

const urlAt = (port: number): string => `http://127.0.0.1:${port}/state`;
const requestAt = (port: number, body: string): HttpRequest => ({ method: 'PUT', url: urlAt(port), headers: {}, body });

/** A real HTTP server: `PUT` sets its state and writes its ledger, `GET` says by action id whether that was done. */
async function arrange(more: (port: number) => Partial<Http>): Promise<WireTarget<Http>> {
  const ledger: { readonly key: string; readonly body: string }[] = [];
  let state = 'off';
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const key = String(request.headers['idempotency-key']);
    if (request.method === 'GET')
      return void response.writeHead(ledger.some((one) => one.key === key) ? 200 : 404, { etag: `"${state}"` }).end();
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const ifMatch = request.headers['if-match'];
    if (ifMatch !== undefined && ifMatch !== `"${state}"`) return void response.writeHead(412).end();
    ledger.push({ key, body });
    state = body;
    response.end('ok');
  };
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  return {
    address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    aimedAt: (port) => ({ service: 'shop', action: { kind: 'http', request: requestAt(port, 'on'), ...more(port) }, timeoutMs }),
    isAct: (bytes) => bytes.includes('PUT /state'),
    effects: async () => ledger.filter(({ body }) => body === 'on').length,
    state: async () => state,
    disturb: async () => void (state = 'dimmed'),
    remove: close,
    close,
  };
}
