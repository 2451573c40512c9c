import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { wayTo } from '../../adapters/http/guard.js';
import { httpMeter } from '../../adapters/http/meter.js';
import { httpProvider } from '../../adapters/http/provider.js';
import { TargetRefused } from '../../domain/failure.js';
import type { Action, Reach } from '../../domain/service.js';
import { nameServer } from '../support/dns-server.js';
import { freshHttpKnob } from '../support/http-knob.js';
import { callOn, undoOf, type Bench } from '../../testing/provider.contract.js';

type Http = Extract<Action, { kind: 'http' }>;

const nobody: Reach = { named: [], allow: [] };

/** Counts what reaches this machine, whatever address of 127.0.0.0/8 it was sent to. */
let server: Server;
let reached: string[];
let port = 0;
beforeEach(async () => {
  reached = [];
  server = createServer((request, response) => {
    reached.push(`${request.socket.localAddress} ${request.url}`);
    response.end('ok');
  });
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  const address = server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});
afterEach(() => void server.close());

function benchOf(url: string, reach: Reach, resolve?: Parameters<typeof httpProvider>[0]): Pick<Bench<Http>, 'provider' | 'target'> {
  const action: Http = { kind: 'http', request: { method: 'POST', url, headers: {} }, reach };
  return { provider: httpProvider(resolve), target: { service: 'shop', action, timeoutMs: 3_000 } };
}

const sent = async (...[url, reach, resolve]: Parameters<typeof benchOf>) => {
  const bench = benchOf(url, reach, resolve);
  const absent = async () => Promise.reject(new Error('not asked for here'));
  return bench.provider.apply(await callOn({ ...bench, effects: absent, state: absent, remove: absent }));
};

const read = async (url: string, resolve?: Parameters<typeof httpMeter>[0]) => {
  const times = { everyMs: 1_000, timeoutMs: 3_000, staleAfterMs: 60_000, perInstance: false };
  const signal = { kind: 'http' as const, name: 'up', url, measure: 'ok' as const, expect: {}, ...times };
  const [reading] = await httpMeter(resolve).read([{ service: 'shop', signal }], new AbortController().signal);
  return reading;
};

describe('SSRF by http actions', () => {
  it.each([
    'http://127.0.0.1',
    'http://127.1',
    'http://127.0.0.1.',
    'http://2130706433',
    'http://0x7f000001',
    'http://0x7f.1',
    'http://0177.0.0.1',
    'http://017700000001',
    'http://①②⑦.⓪.⓪.①',
    'http://0',
    'http://0.0.0.0',
    'http://[::]',
    'http://[::1]',
    'http://[0:0:0:0:0:0:0:1]',
    'http://[::ffff:127.0.0.1]',
    'http://[::ffff:7f00:1]',
    'http://[::127.0.0.1]',
    'http://[64:ff9b::127.0.0.1]',
    'http://[2002:7f00:1::]',
    'http://[fe80::1]',
    'http://[fd00::1]',
    'http://[fc00::1]',
    'http://[ff02::1]',
    'http://169.254.169.254',
    'http://[::ffff:169.254.169.254]',
    'http://[fd00:ec2::254]',
    'http://100.100.100.200',
    'http://10.0.0.1',
    'http://172.16.0.1',
    'http://192.168.0.1',
    'http://100.64.0.1',
    'http://224.0.0.1',
    'http://255.255.255.255',
    'http://240.0.0.1',
    'http://localhost',
    'http://x.localhost',
    'gopher://127.0.0.1',
    'file:///etc/passwd',
    'dict://127.0.0.1:11211',
    'ftp://127.0.0.1',
  ])('an address that the file does not name is never connected to: %s', async (text) => {
    const url = /^https?:/.test(text) ? `${text}:${port}/` : text;
    await expect(sent(url, nobody)).rejects.toThrow(TargetRefused);
    expect(reached).toEqual([]);
  });

  it('what the file names itself is meant, and nothing beside it', async () => {
    const named: Reach = { named: ['127.0.0.1', 'localhost'], allow: [] };
    await sent(`http://127.0.0.1:${port}/a`, named);
    await sent(`http://localhost:${port}/b`, named);
    await expect(sent(`http://127.0.0.2:${port}/d`, named)).rejects.toThrow(
      /127\.0\.0\.2 is this machine itself: .*allow: \[127\.0\.0\.2\/32\]/,
    );
    expect(reached).toEqual(['127.0.0.1 /a', '127.0.0.1 /b']);
  });

  it('where a cloud keeps its secrets is never meant, also when it is named and allowed', () => {
    const all: Reach = { named: ['169.254.169.254'], allow: ['169.254.0.0/16', 'fd00::/8', '100.64.0.0/10', '168.63.0.0/16'] };
    const ipv4 = ['169.254.169.254', '169.254.170.2', '169.254.170.23', '100.100.100.200', '168.63.129.16'];
    for (const host of [...ipv4, '[::ffff:a9fe:a9fe]', '[fd00:ec2::254]', '[fd00:ec2::23]', '[fd20:ce::254]'])
      expect(wayTo(`http://${host}/`, all).refusal).toContain('where a cloud keeps secrets');
    for (const host of ['169.254.1.1', '168.63.129.17', '[fd20:cf::254]']) expect(wayTo(`http://${host}/`, all).refusal).toBeUndefined();
    expect(wayTo('http://169.254.1.1/', { named: ['169.254.1.1'], allow: [] }).refusal).toContain('a link-local address');
  });

  it.each([
    ['[::ffff:10.0.0.5]', 'a private address', '10.0.0.5/32'],
    ['[64:ff9b::10.0.0.5]', 'a private address', '10.0.0.5/32'],
    ['[::127.0.0.1]', 'this machine itself', '127.0.0.1/32'],
    ['[fd00::5]', 'a private address', 'fd00::5/128'],
  ])('an address is refused as what it is, with the range that would allow it: %s', (host, what, range) => {
    const url = `http://${host}/`;
    expect(wayTo(url, nobody).refusal).toContain(
      `is ${what}: allowed only where the file names that very address, or policy: {http: {allow: [${range}]}}`,
    );
    expect(wayTo(url, { named: [], allow: [range] }).refusal).toBeUndefined();
  });

  it('a name that leads inside is refused unless the policy allows the range', async () => {
    const { resolve } = await nameServer(['127.0.0.3']);
    const url = `http://orders.example:${port}/`;
    const refusal =
      /orders\.example leads to 127\.0\.0\.3, which is this machine itself: .*policy: \{http: \{allow: \[127\.0\.0\.3\/32\]\}\}/;
    await expect(sent(url, { named: ['orders.example'], allow: [] }, resolve)).rejects.toThrow(refusal);
    await sent(url, { named: [], allow: ['127.0.0.0/8'] }, resolve);
    expect(reached).toEqual(['127.0.0.3 /']);
  });

  it('a name that changes between look-ups is looked up once, and the address that was checked is the one connected to', async () => {
    const names = await nameServer(['127.0.0.2'], ['127.0.0.3']);
    const url = `http://rebinding.example:${port}/`;
    const reach: Reach = { named: [], allow: ['127.0.0.2/32'] };
    await sent(url, reach, names.resolve);
    expect(names.asked()).toBe(1);
    await expect(sent(url, reach, names.resolve)).rejects.toThrow(TargetRefused);
    expect(reached).toEqual(['127.0.0.2 /']);
  });

  it('of several addresses of a name only those that may be reached are tried', async () => {
    const { resolve } = await nameServer(['169.254.169.254', '127.0.0.3', '127.0.0.2']);
    await sent(`http://both.example:${port}/`, { named: [], allow: ['127.0.0.2/32'] }, resolve);
    expect(reached).toEqual(['127.0.0.2 /']);
  });

  it('a redirect to somewhere inside is not followed', async () => {
    const knob = await freshHttpKnob();
    knob.manner = 'moving';
    await expect(sent(knob.url, { named: ['127.0.0.1'], allow: [] })).rejects.toThrow(/307/);
  });

  it('no proxy of the environment is used', async () => {
    onTestFinished(() => void vi.unstubAllEnvs());
    for (const name of ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'ALL_PROXY', 'NODE_USE_ENV_PROXY'])
      vi.stubEnv(name, `http://127.0.0.1:${port}`);
    const knob = await freshHttpKnob();
    await sent(knob.url, { named: ['127.0.0.1'], allow: [] });
    expect([knob.ledger.length, reached.length]).toEqual([1, 0]);
  });

  it('an undo and a verify are guarded like the request', async () => {
    const knob = await freshHttpKnob();
    const inside = `http://127.0.0.2:${port}/`;
    const request = { method: 'PUT' as const, url: knob.url, headers: {}, body: 'on' };
    const action: Http = {
      kind: 'http',
      request,
      undoRequest: { ...request, url: inside },
      verifyUrl: inside,
      reach: { named: ['127.0.0.1'], allow: [] },
    };
    const bench = { ...benchOf('http://x/', nobody), target: { service: 'shop', action, timeoutMs: 3_000 } };
    const call = await callOn({ ...bench, effects: async () => 0, state: async () => '', remove: async () => undefined });
    expect(await bench.provider.readBack(call)).toMatchObject({ kind: 'unknown', why: expect.stringContaining('this machine itself') });
    const bare = { ...call, action: { ...action, verifyUrl: undefined } as unknown as Http };
    await expect(bench.provider.undo(undoOf(bare), await bench.provider.apply(bare))).rejects.toThrow(/this machine itself/);
    expect(reached).toEqual([]);
  });

  it('a read goes wherever a name or a discovery says that a service lives, but for where clouds keep secrets', async () => {
    const { resolve } = await nameServer(['127.0.0.3']);
    expect(await read(`http://127.0.0.2:${port}/a`)).toMatchObject({ value: 1 });
    expect(await read(`http://orders.example:${port}/b`, resolve)).toMatchObject({ value: 1 });
    const cloud = await nameServer(['169.254.169.254']);
    expect(await read(`http://cloud.example:${port}/c`, cloud.resolve)).toMatchObject({ kind: 'noData', reason: 'sourceUnavailable' });
    expect(reached).toEqual(['127.0.0.2 /a', '127.0.0.3 /b']);
  });

  it.each([
    '169.254.169.254',
    '[::ffff:169.254.169.254]',
    '[fd00:ec2::254]',
    '[fd00:ec2::23]',
    '[fd20:ce::254]',
    '168.63.129.16',
    '100.100.100.200',
    '169.254.1.1',
    '0.0.0.0',
    '224.0.0.1',
  ])('a read never goes where clouds keep secrets or no service lives, and that is no symptom of the service: %s', async (host) => {
    const nowhere = { kind: 'noData', reason: 'sourceUnavailable' };
    expect(await read(`http://${host}:${port}/`)).toMatchObject(nowhere);
    expect(reached).toEqual([]);
  });
});
