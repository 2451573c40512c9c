// Silences of a real Alertmanager, over a line that can go dead.
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { alertmanagerProvider } from '../../adapters/alertmanager/provider.js';
import { TargetRefused } from '../../domain/failure.js';
import type { AlertmanagerAction } from '../../domain/service.js';
import { startAlertmanager, type DebianServer } from '../support/debian-prometheus.js';
import { serve } from '../support/listen.js';
import { tcpProxy } from '../support/tcp-proxy.js';
import { callOn, holdsProviderContract, undoOf, type Bench } from '../../testing/provider.contract.js';

let server: DebianServer;
beforeAll(
  async () => void (server = await startAlertmanager({ config: 'route: {receiver: nobody}\nreceivers: [{name: nobody}]\n' })),
  30_000,
);
afterAll(() => server.stop());

interface Silence {
  readonly id: string;
  readonly status: { readonly state: string };
  readonly matchers: readonly { readonly name: string; readonly value: string }[];
  readonly createdBy: string;
  readonly comment: string;
  readonly startsAt: string;
  readonly endsAt: string;
}

interface AlertmanagerBench extends Bench<AlertmanagerAction> {
  readonly known: () => Promise<readonly Silence[]>;
  readonly set: (silence: Partial<Silence>) => Promise<void>;
}

let benches = 0;

async function audible(more: Partial<AlertmanagerAction> = {}): Promise<AlertmanagerBench> {
  const service = `shop-${++benches}`;
  const proxy = await tcpProxy('127.0.0.1', Number(new URL(server.url).port));
  const source = { name: 'am', url: `http://127.0.0.1:${proxy.port}` };
  const action: AlertmanagerAction = { kind: 'alertmanager', source, labels: { service }, forMs: 120_000, ...more };
  const known = async () => {
    const all = (await (await fetch(`${server.url}/api/v2/silences`)).json()) as Silence[];
    return all.filter(({ matchers }) => matchers.some(({ value }) => value === service));
  };
  const active = async () => (await known()).filter(({ status }) => status.state === 'active');
  const set = async (silence: Partial<Silence>) => {
    const matchers = [{ name: 'service', value: service, isRegex: false, isEqual: true }];
    const startsAt = new Date().toISOString();
    const body = {
      matchers,
      startsAt,
      endsAt: new Date(Date.now() + 600_000).toISOString(),
      createdBy: 'eve',
      comment: 'disk swap',
      ...silence,
    };
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${server.url}/api/v2/silences`, { method: 'POST', headers, body: JSON.stringify(body) });
    expect(answer.status).toBe(200);
  };
  return {
    provider: alertmanagerProvider(),
    target: { service, action, timeoutMs: 5_000 },
    known,
    set,
    effects: async () => (await known()).filter(({ createdBy }) => createdBy === 'hale').length,
    state: async () =>
      (await active())
        .map(({ id, endsAt, createdBy }) => `${id} ${endsAt} ${createdBy}`)
        .toSorted()
        .join('\n'),
    // A person prolongs hale's silence, or sets one.
    disturb: async () => {
      const [own] = await active();
      await set(own === undefined ? {} : { ...own, createdBy: 'eve', endsAt: new Date(Date.now() + 600_000).toISOString() });
    },
    loseAnswers: async () => proxy.cutAfter('POST /api/v2/silences'),
    hang: async () => proxy.stopAt('POST /api/v2/silences'),
    remove: proxy.close,
  };
}

holdsProviderContract('alertmanager', () => audible(), {
  gone: 'a server that does not answer may tell later',
  goal: 'there is nothing to choose: a silence is what the configuration says',
});

describe('alertmanager', () => {
  it('silences exactly these labels for no longer than told, and says for which action', async () => {
    const bench = await audible();
    await bench.provider.apply(await callOn(bench));
    const { service } = bench.target;
    const [silence] = await bench.known();
    expect(silence).toMatchObject({ createdBy: 'hale', comment: `hale is at work on ${service}: cycle/1/fix` });
    expect(silence?.matchers).toEqual([{ name: 'service', value: service, isRegex: false, isEqual: true }]);
    // The server counts from when it was told.
    expect(Date.parse(silence?.endsAt ?? '') - Date.parse(silence?.startsAt ?? '')).toBeLessThanOrEqual(120_000);
  });

  it('has nothing to do where somebody silenced the same already, and an empty selector selects nothing', async () => {
    const bench = await audible();
    const { provider, target } = bench;
    await bench.set({});
    const seen = await provider.examine(target, await provider.image(target), undefined);
    expect(seen).toMatchObject({ applicable: false, reason: expect.stringContaining('by eve') });
    const empty = { ...target, action: { ...target.action, labels: {} } };
    expect(await provider.examine(empty, await provider.image(empty), undefined)).toMatchObject({ applicable: false });
    await expect(provider.apply(await callOn({ ...bench, target: empty }))).rejects.toThrow(/an empty selector selects nothing/);
    expect(await bench.effects()).toBe(0);
  });

  it('sets one silence for one action, however often it is asked', async () => {
    const bench = await audible();
    const call = await callOn(bench);
    const first = await bench.provider.apply(call);
    expect(await bench.provider.apply(call)).toEqual(first);
    expect(await bench.effects()).toBe(1);
  });

  it('reads back a silence that has ended meanwhile, and undoes it without asking for permission', async () => {
    const bench = await audible();
    const call = await callOn(bench);
    const after = await bench.provider.apply(call);
    const [silence] = await bench.known();
    await fetch(`${server.url}/api/v2/silence/${silence?.id}`, { method: 'DELETE' });
    expect(await bench.provider.readBack(call)).toMatchObject({ kind: 'applied' });
    const permit = () => Promise.reject(new Error('not asked for'));
    expect(await bench.provider.undo({ ...undoOf(call), permit }, after)).toMatchObject({ kind: 'undone' });
  });

  it('knows its own silence before the clock of the server lets that begin, and ends it', async () => {
    const bench = await audible();
    const call = await callOn(bench);
    onTestFinished(() => void vi.useRealTimers());
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 });
    const after = await bench.provider.apply(call);
    expect(await bench.known()).toMatchObject([{ status: { state: 'pending' } }]);
    expect(after.summary).toContain('are silenced');
    expect(await bench.provider.apply(call)).toEqual(after);
    expect(await bench.provider.undo(undoOf(call), after)).toMatchObject({ kind: 'undone' });
    expect(await bench.known()).toMatchObject([{ status: { state: 'expired' } }]);
  });

  it('leaves aside what a person has planned for later', async () => {
    const bench = await audible();
    await bench.set({ startsAt: new Date(Date.now() + 300_000).toISOString() });
    expect(await bench.provider.image(bench.target)).toMatchObject({ identity: 'audible' });
  });

  it('tells a refusal of the server from an error that leaves it open', async () => {
    const statuses = [403, 500];
    const url = await serve((request, response) => {
      request.resume();
      if (request.method === 'GET') return response.end('[]');
      return response.writeHead(statuses.shift() ?? 500).end('no');
    });
    const bench = await audible({ source: { name: 'am', url } });
    await expect(bench.provider.apply(await callOn(bench))).rejects.toBeInstanceOf(TargetRefused);
    await expect(bench.provider.apply(await callOn(bench))).rejects.not.toBeInstanceOf(TargetRefused);
  });
});
