import type { IncomingMessage, ServerResponse } from 'node:http';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { httpProvider } from '../../adapters/http/provider.js';
import { TargetRefused } from '../../domain/failure.js';
import type { Action, HttpRequest } from '../../domain/service.js';
import { freshFolder } from '../support/knob.js';
import { serve } from '../support/listen.js';
import { callOn, undoOf, type Bench } from '../../testing/provider.contract.js';

type Http = Extract<Action, { kind: 'http' }>;

/** A target that answers its one request as told; `GET` says by the action's id whether it was done. */
async function target(
  answer: (response: ServerResponse, done: () => void, request: IncomingMessage) => void,
  more: Partial<HttpRequest> = {},
) {
  const done = new Set<string>();
  const seen: IncomingMessage[] = [];
  const url = await serve((request, response) => {
    const key = String(request.headers['idempotency-key']);
    seen.push(request);
    if (request.method === 'GET') response.writeHead(done.has(key) ? 200 : 404).end();
    else answer(response, () => void done.add(key), request);
  });
  const request: HttpRequest = { method: 'POST', url: `${url}/on`, headers: {}, ...more };
  const undoRequest: HttpRequest = { ...request, url: `${url}/off` };
  const action: Http = { kind: 'http', request, undoRequest, verifyUrl: `${url}/is`, reach: { named: ['127.0.0.1'], allow: [] } };
  const bench: Bench<Http> = {
    provider: httpProvider(),
    target: { service: 'shop', action, timeoutMs: 400 },
    effects: async () => done.size,
    state: async () => '',
    remove: async () => undefined,
  };
  return { bench, seen, url };
}

describe('a secret in a header', () => {
  const canary = `hunter2+"/=`;
  const secretOf = async (text: string) => {
    const file = join(await freshFolder(), 'secret');
    await writeFile(file, `${text}\n`);
    return { file };
  };

  it('reaches the target, and verify of the same origin alone', async () => {
    const secret = await secretOf(canary);
    const { bench, seen } = await target((response, done) => (done(), response.end()), {
      secretHeaders: { authorization: { secret, scheme: 'Bearer' }, 'x-token': { secret } },
    });
    await bench.provider.apply(await callOn(bench));
    expect(seen.map(({ method, headers }) => [method, headers.authorization, headers['x-token']])).toEqual([
      ['POST', `Bearer ${canary}`, canary],
      ['GET', `Bearer ${canary}`, canary],
    ]);
    const elsewhere = await target((response) => void response.end());
    const action = { ...bench.target.action, verifyUrl: `${elsewhere.url}/is` };
    await bench.provider.readBack(await callOn({ ...bench, target: { ...bench.target, action } }));
    expect(elsewhere.seen.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  it('is in no image, no evidence and no error, also where the target repeats it', async () => {
    const secret = await secretOf(canary);
    const { bench } = await target(
      (response, _, { headers }) => {
        const token = String(headers['x-token']);
        response
          .writeHead(403)
          .end(`no ${token} ${encodeURIComponent(token)} ${JSON.stringify({ token })} ${Buffer.from(token).toString('base64')}`);
      },
      { secretHeaders: { 'x-token': { secret } } },
    );
    const call = await callOn(bench);
    const said: unknown[] = [call, await bench.provider.examine(bench.target, call.before, undefined)];
    for (const attempt of [bench.provider.apply(call), bench.provider.undo(undoOf(call), call.before)])
      said.push(await attempt.catch((error: Error) => [error.message, error.stack]));
    const text = JSON.stringify(said);
    expect(text).toContain('answered 403: no (secret) (secret)');
    for (const form of [canary, encodeURIComponent(canary), Buffer.from(canary).toString('base64'), 'hunter2'])
      expect(text).not.toContain(form);
  });

  it('is in no image, also where the version that the target tells repeats it', async () => {
    const secret = await secretOf(canary);
    const repeating = await serve((_, response) => {
      response.writeHead(200, { etag: `"v1-${Buffer.from(`x:${canary}`).toString('base64')}"` }).end();
    });
    const { bench } = await target((response) => void response.end(), { secretHeaders: { 'x-token': { secret } } });
    const { request } = bench.target.action;
    const action = { ...bench.target.action, request: { ...request, url: `${repeating}/on` }, verifyUrl: `${repeating}/is` };
    const call = await callOn({ ...bench, target: { ...bench.target, action } });
    expect(await bench.provider.readBack(call)).toEqual({
      kind: 'applied',
      after: expect.objectContaining({ identity: 'opaque', content: { actionId: call.actionId } }),
    });
  });

  it.each([
    ['is not there', async () => ({ file: '/no/such/secret' }), /no such file/],
    ['is not set', async () => ({ env: 'NOT_SET_HERE' }), /NOT_SET_HERE with the secret is not set/],
    ['is empty', () => secretOf(''), /is empty/],
    ['would break out of its header', () => secretOf('a\r\nX-Admin: yes'), /no header can have/],
  ])('that %s keeps the request from being sent', async (_, reference, sentence) => {
    const { bench, seen } = await target((response) => void response.end(), {
      secretHeaders: { 'x-token': { secret: await reference() } },
    });
    const call = await callOn(bench);
    const refused = bench.provider.apply(call);
    await expect(refused).rejects.toThrow(TargetRefused);
    await expect(refused).rejects.toThrow(sentence);
    expect(await bench.provider.readBack(call)).toMatchObject({ kind: 'unknown', why: expect.stringMatching(sentence) });
    expect(seen).toHaveLength(0);
  });
});
