import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { httpProvider } from '../../adapters/http/provider.js';
import { NotPermitted, TargetRefused } from '../../domain/failure.js';
import type { Action } from '../../domain/service.js';
import { freshHttpKnob, type HttpKnob } from '../support/http-knob.js';
import { listen, serve } from '../support/listen.js';
import { callOn, holdsProviderContract, undoOf, type Bench } from '../../testing/provider.contract.js';

type Http = Extract<Action, { kind: 'http' }>;

async function asked(more: (knob: HttpKnob) => Partial<Http> = () => ({})): Promise<Bench<Http> & { readonly knob: HttpKnob }> {
  const knob = await freshHttpKnob();
  const request = { method: 'PUT' as const, url: knob.url, headers: { authorization: 'Bearer lab' }, body: 'on' };
  return {
    knob,
    provider: httpProvider(),
    target: { service: 'shop', action: { kind: 'http', request, ...more(knob) }, timeoutMs: 5_000 },
    effects: async () => knob.ledger.length,
    state: async () => knob.state,
    disturb: async () => void (knob.state = 'dimmed'),
    loseAnswers: async () => void (knob.manner = 'silent'),
    hang: async () => void (knob.manner = 'hanging'),
    remove: knob.close,
  };
}

const verified = () => asked(({ url }) => ({ verifyUrl: url, undoRequest: { method: 'PUT', url, headers: {}, body: 'off' } }));

holdsProviderContract('http with verify and undo', verified, {
  compare: 'hale can not see what a request acts on',
  goal: 'what becomes of its target is for the target to know',
});

describe('http with verify', () => {
  it('leaves alone what the ETag of verify shows changed since the action', async () => {
    const bench = await verified();
    const call = await callOn(bench);
    const after = await bench.provider.apply(call);
    await bench.disturb?.();
    expect(await bench.provider.undo(undoOf(call), after)).toMatchObject({
      kind: 'changedMeanwhile',
      now: { summary: 'version "dimmed"' },
    });
    expect(await bench.state()).toBe('dimmed');
  });

  it('lets the target compare at the very last moment of an undo', async () => {
    const bench = await verified();
    const call = await callOn(bench);
    const after = await bench.provider.apply(call);
    const permit = async () => bench.disturb?.();
    await expect(bench.provider.undo({ ...undoOf(call), permit }, after)).rejects.toThrow(/412/);
    expect(await bench.state()).toBe('dimmed');
  });

  it('asks verify again for a moment where it does not say at once what the action left', async () => {
    const bench = await verified();
    bench.knob.unready = 1;
    expect(await bench.provider.apply(await callOn(bench))).toMatchObject({ summary: 'version "on"' });
  });

  it('undoes what verify never showed as done, without comparing', async () => {
    const bench = await verified();
    const call = await callOn(bench);
    bench.knob.unready = Number.POSITIVE_INFINITY;
    const after = await bench.provider.apply(call);
    bench.knob.unready = 0;
    expect(await bench.provider.undo(undoOf(call), after)).toMatchObject({ kind: 'undone' });
    expect(await bench.state()).toBe('off');
  });

  it('sends no undo again while verify can not say whether an earlier try was it', async () => {
    const bench = await verified();
    const call = await callOn(bench);
    bench.knob.unready = Number.POSITIVE_INFINITY;
    const after = await bench.provider.apply(call);
    const cutOff = { ...undoOf(call), underWayUntil: Date.now() };
    await expect(bench.provider.undo(cutOff, after)).rejects.toThrow(/503/);
    expect(await bench.state()).toBe('on');
  });

  it('asks verify whether an earlier try was the undo already', async () => {
    const bench = await verified();
    const call = await callOn(bench);
    const after = await bench.provider.apply(call);
    await bench.provider.undo(undoOf(call), after);
    expect(await bench.provider.undo(undoOf(call), after)).toMatchObject({ kind: 'undone' });
    expect(bench.knob.ledger).toEqual(['cycle/1/fix|7|on', 'cycle/1/fix/undo|7|off']);
  });
});

describe('http', () => {
  it('asks for permission once it is connected, and sends nothing without it', async () => {
    const bench = await asked();
    const received: string[] = [];
    const server = createServer((socket) => socket.on('data', (bytes) => received.push(String(bytes))));
    const url = `http://127.0.0.1:${await listen(server)}/`;
    const connected = once(server, 'connection');
    const closed = connected.then(([socket]) => once(socket as Socket, 'close'));
    const action = { ...bench.target.action, request: { ...bench.target.action.request, url } };
    const permit = async () => {
      // Waits without end where nobody has connected.
      await connected;
      throw new NotPermitted('stop');
    };
    await expect(bench.provider.apply(await callOn(bench, { action, permit }))).rejects.toThrow(NotPermitted);
    await closed;
    expect(received).toEqual([]);
  });

  it('sends nothing that is permitted only when its time is up', async () => {
    const bench = await asked();
    let give = () => {};
    const late = new Promise<void>((resolve) => (give = resolve));
    const refused = bench.provider.apply(await callOn(bench, { timeoutMs: 300, permit: () => late }));
    await expect(refused).rejects.toThrow(TargetRefused);
    give();
    await late;
    await bench.remove();
    expect(await bench.effects()).toBe(0);
  });

  it('sent nothing where no secure connection came about, and asks nobody for permission', async () => {
    const bench = await asked();
    const url = `https://127.0.0.1:${await listen(createServer((socket) => socket.resume()))}/`;
    const action = { ...bench.target.action, request: { ...bench.target.action.request, url } };
    let permitted = 0;
    const call = await callOn(bench, { action, timeoutMs: 300, permit: async () => void permitted++ });
    const refused = bench.provider.apply(call);
    await expect(refused).rejects.toThrow(TargetRefused);
    await expect(refused).rejects.toThrow(/could not be asked within 300 ms/);
    expect(permitted).toBe(0);
  });

  it('takes nothing for its answer that was said before it was asked', async () => {
    const bench = await asked();
    const eager = createServer((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
    const url = `http://127.0.0.1:${await listen(eager)}/`;
    const action = { ...bench.target.action, request: { ...bench.target.action.request, url } };
    const never = new Promise<void>(() => undefined);
    const refused = bench.provider.apply(await callOn(bench, { action, permit: () => never }));
    await expect(refused).rejects.toThrow(/answered before it was asked/);
    await expect(refused).rejects.toThrow(TargetRefused);
  });

  it.each(['DELETE', 'POST', 'PUT', 'PATCH'] as const)(
    'tells how long the body of a %s is, whatever the headers of the file say',
    async (method) => {
      const bodies: string[] = [];
      const url = await serve(async (request, response) => {
        let body = '';
        for await (const chunk of request) body += String(chunk);
        bodies.push(`${request.headers['content-length']} ${request.headers['transfer-encoding']} ${body}`);
        response.end();
      });
      const bench = await asked();
      const headers = { 'Content-Length': '1', 'Transfer-Encoding': 'chunked' };
      const request = { method, url, headers, body: 'off\u00e9' };
      await bench.provider.apply(await callOn(bench, { action: { kind: 'http', request } }));
      expect(bodies).toEqual(['5 undefined off\u00e9']);
    },
  );

  it.each([
    ['a value of two lines', { 'X-A': 'a\r\nX-Evil: c' }],
    ['a name with a space', { 'X Y': 'z' }],
  ])('sent nothing where a header can not be one, and says so: %s', async (_, headers) => {
    const bench = await verified();
    const action = { ...bench.target.action, request: { ...bench.target.action.request, headers } };
    const refused = bench.provider.apply(await callOn(bench, { action }));
    await expect(refused).rejects.toThrow(TargetRefused);
    await expect(refused).rejects.toThrow(/could not be asked: .*(Invalid character in header|valid HTTP token)/);
    expect(await bench.effects()).toBe(0);
  });

  it.each([{ Expect: '100-continue' }, { Trailer: 'Expires' }])(
    'sends not a byte before it is permitted, and then all of it, whatever the headers of the file say of how it is sent: %j',
    async (headers) => {
      const received: string[] = [];
      const url = await serve(async (request, response) => {
        for await (const chunk of request) received.push(String(chunk));
        response.end();
      });
      const bench = await asked();
      const request = { method: 'POST' as const, url, headers, body: 'off' };
      await bench.provider.apply(await callOn(bench, { action: { kind: 'http', request } }));
      expect(received).toEqual(['off']);
      const wire: string[] = [];
      const raw = createServer((socket) => socket.on('data', (bytes) => wire.push(String(bytes))));
      const listening = `http://127.0.0.1:${await listen(raw)}/`;
      const connected = once(raw, 'connection');
      const closed = connected.then(([socket]) => once(socket as Socket, 'close'));
      const permit = async () => {
        await connected;
        throw new NotPermitted('stop');
      };
      const unsent = { kind: 'http' as const, request: { ...request, url: listening } };
      await expect(bench.provider.apply(await callOn(bench, { action: unsent, permit }))).rejects.toThrow(NotPermitted);
      await closed;
      expect(wire).toEqual([]);
    },
  );

  it('takes a conflict as refused: the target saw a newer fence', async () => {
    const bench = await asked();
    bench.knob.manner = 'refusing';
    const refused = bench.provider.apply(await callOn(bench));
    await expect(refused).rejects.toThrow(TargetRefused);
    await expect(refused).rejects.toThrow(/409: a newer fence was seen/);
  });

  it('takes 408 as unclear: the server gave up waiting, and may have acted on what it had', async () => {
    const url = await serve((_, response) => void response.writeHead(408).end());
    const bench = await asked();
    const { request } = bench.target.action;
    const call = await callOn({ ...bench, target: { ...bench.target, action: { ...bench.target.action, request: { ...request, url } } } });
    const failed: unknown = await bench.provider.apply(call).catch((error: unknown) => error);
    expect(String(failed)).toContain('answered 408');
    expect(failed).not.toBeInstanceOf(TargetRefused);
  });

  it('takes a server error as unclear, since it may have acted first', async () => {
    const bench = await verified();
    bench.knob.manner = 'badly';
    const call = await callOn(bench);
    const failed = bench.provider.apply(call);
    await expect(failed).rejects.toThrow(/500: it broke/);
    await expect(failed).rejects.not.toBeInstanceOf(TargetRefused);
    expect(await bench.provider.readBack(call)).toMatchObject({ kind: 'applied' });
  });

  it('follows no redirect', async () => {
    const bench = await asked();
    bench.knob.manner = 'moving';
    await expect(bench.provider.apply(await callOn(bench))).rejects.toThrow(/answered 307/);
    expect(await bench.effects()).toBe(0);
  });

  it('takes the status for the answer and reads only the beginning of a body without end', async () => {
    const bench = await asked();
    bench.knob.manner = 'endless';
    const began = performance.now();
    await bench.provider.apply(await callOn(bench, { timeoutMs: 20_000 }));
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(await bench.effects()).toBe(1);
  });

  it('can not read back without verify, nor undo without an undo request', async () => {
    const bench = await asked();
    const call = await callOn(bench);
    expect(bench.provider.readBackBy(call.action)).toBe('none');
    const after = await bench.provider.apply(call);
    expect(await bench.provider.readBack(call)).toMatchObject({ kind: 'unknown' });
    await expect(bench.provider.undo(undoOf(call), after)).rejects.toThrow(/no `undo`/);
  });

  it('sends nothing to what is no web address', async () => {
    const bench = await asked();
    for (const url of ['gopher://127.0.0.1/', 'file:///etc/passwd', '/state', '']) {
      const target = { ...bench.target, action: { ...bench.target.action, request: { ...bench.target.action.request, url } } };
      const call = await callOn({ ...bench, target });
      expect(await bench.provider.examine(target, call.before, undefined)).toMatchObject({ applicable: false });
      await expect(bench.provider.apply(call)).rejects.toThrow(/no http or https address/);
    }
  });
});
