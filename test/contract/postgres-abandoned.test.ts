import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { grantsFor, grantSql } from '../../adapters/postgres-target/grants.js';
import { postgresProvider } from '../../adapters/postgres-target/provider.js';
import { TargetRefused } from '../../domain/failure.js';
import type { Action, SqlConnection } from '../../domain/service.js';
import { busyDatabase, type BusyDatabase, type Session } from '../support/busy-database.js';
import { ownPair, removed, type OwnPostgres } from '../support/own-postgres.js';
import { tcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { callOn, holdsProviderContract, undoOf, type Bench } from '../../testing/provider.contract.js';

type Postgres = Extract<Action, { kind: 'postgres' }>;

const nothingBack = {
  undo: 'what was ended is gone',
  goal: 'there is one thing to become: gone',
  gone: 'a server that does not answer may tell later',
};

interface Place {
  readonly database: BusyDatabase;
  readonly proxy: TcpProxy;
  readonly bench: Pick<Bench<Postgres>, 'provider' | 'target' | 'remove'>;
}

async function placeOf(statement: Postgres['statement'], more: Partial<Postgres>): Promise<Place> {
  const database = await busyDatabase();
  const { hosts, port } = database.connection;
  const proxy = await tcpProxy(hosts[0] ?? '', port);
  const connection: SqlConnection = { ...database.connection, hosts: ['127.0.0.1'], port: proxy.port };
  const spare = { users: [], applications: ['pg_dump'] };
  const action: Postgres = { kind: 'postgres', connection, statement, spare, olderThanMs: 100, ...more };
  for (const grant of grantsFor[statement](action)) await database.owner.query(grantSql(grant, database.healer));
  return {
    database,
    proxy,
    bench: { provider: postgresProvider(), target: { service: 'orders', action, timeoutMs: 5_000 }, remove: proxy.close },
  };
}

type Snapshots = Bench<Postgres> & { readonly database: BusyDatabase; readonly holders: readonly Session[] };

/** `hold` is what a session does that then sits in its transaction for longer than the bound. */
async function held(hold = 'begin isolation level repeatable read; select count(*) from items', sessions = 1): Promise<Snapshots> {
  const { database, proxy, bench } = await placeOf('endOldSnapshots', {});
  const holders = await Promise.all(Array.from({ length: sessions }, () => database.session()));
  for (const { client } of holders) await client.query(hold);
  const old = () => bench.provider.image(bench.target);
  await expect.poll(async () => (await old()).identity.split(' ').filter((one) => one !== 'none').length).toBe(sessions);
  return {
    ...bench,
    database,
    holders,
    effects: async () => database.ended(),
    state: async () => String(database.ended()),
    disturb: async () => void (await Promise.all(holders.map(({ client }) => client.query('rollback')))),
    loseAnswers: async () => proxy.cutAfter('pg_terminate_backend'),
    hang: async () => proxy.stopAt('pg_terminate_backend'),
  };
}

type Slots = Bench<Postgres> & { readonly database: BusyDatabase; readonly slot: string };

async function abandoned(retainsBytes = 1_000): Promise<Slots> {
  const slot = `shop_${randomUUID().slice(0, 8)}`;
  const { database, proxy, bench } = await placeOf('dropSlot', { slot: { name: slot, retainsBytes } });
  const { owner } = database;
  const drop = () => owner.query('select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1', [slot]);
  onTestFinished(async () => void (await drop()));
  await owner.query('select pg_create_physical_replication_slot($1, true)', [slot]);
  await owner.query('update items set v = v + 1');
  const there = async () => (await owner.query('select from pg_replication_slots where slot_name = $1', [slot])).rowCount ?? 0;
  await expect
    .poll(() =>
      bench.provider
        .image(bench.target)
        .then((now) => bench.provider.examine(bench.target, now, undefined))
        .then((seen) => seen.applicable || retainsBytes > 1_000),
    )
    .toBe(true);
  return {
    ...bench,
    database,
    slot,
    effects: async () => 1 - (await there()),
    state: async () => String(await there()),
    disturb: async () => void (await owner.query('select pg_replication_slot_advance($1, pg_current_wal_lsn())', [slot])),
    loseAnswers: async () => proxy.cutAfter('pg_drop_replication_slot'),
    hang: async () => proxy.stopAt('pg_drop_replication_slot'),
  };
}

holdsProviderContract('postgres endOldSnapshots', () => held(), nothingBack);
holdsProviderContract('postgres dropSlot', () => abandoned(), nothingBack);

const seenBy = async ({ provider, target }: Bench<Postgres>) => provider.examine(target, await provider.image(target), undefined);

describe('endOldSnapshots', () => {
  it.each([
    ['a snapshot', 'begin isolation level repeatable read; select count(*) from items'],
    ['locks alone', 'begin; lock table items in share mode'],
    ['a failed transaction', `begin; select pg_advisory_xact_lock(1)`],
  ])('ends a session that sits on %s for too long', async (_, hold) => {
    const bench = await held(hold);
    await bench.provider.apply(await callOn(bench));
    await expect.poll(() => bench.effects()).toBe(1);
    expect(await seenBy(bench)).toMatchObject({ applicable: false });
  });

  it('ends all that are old, and of what it looked at only those that still sit in the same transaction', async () => {
    const bench = await held(undefined, 3);
    const call = await callOn(bench);
    expect(call.before.summary).toMatch(/^3 old transactions: session \d+/);
    const [first] = bench.holders;
    await first?.client.query('rollback; begin isolation level repeatable read; select count(*) from items');
    await bench.provider.apply(call);
    await expect.poll(() => bench.effects()).toBe(2);
    expect(await first?.client.query('select 1')).toMatchObject({ rowCount: 1 });
  });

  it('reads back what is left when some of them are still there', async () => {
    const bench = await held(undefined, 2);
    const call = await callOn(bench);
    await bench.database.owner.query('select pg_terminate_backend($1, 5000)', [bench.holders[0]?.pid]);
    expect(await bench.provider.readBack(call)).toMatchObject({ kind: 'partly', left: '1 of 2 sessions' });
    await bench.provider.apply(call);
    expect(await bench.provider.readBack(call)).toMatchObject({ kind: 'applied' });
  });

  it('leaves alone what is young, what works, and what sits in another database', async () => {
    const bench = await held();
    const { action } = bench.target;
    const young = { ...bench.target, action: { ...action, olderThanMs: 60_000 } };
    const elsewhere = { ...bench.target, action: { ...action, connection: { ...action.connection, database: 'postgres' } } };
    for (const target of [young, elsewhere])
      expect(await seenBy({ ...bench, target })).toMatchObject({
        applicable: false,
        reason: expect.stringContaining('no transaction in this database'),
      });
  });

  it.each([
    ['users', (database: BusyDatabase) => ({ users: [database.victim], applications: [] })],
    ['applications', () => ({ users: [], applications: ['shop'] })],
  ])('spares %s, also when they came to be spared after it looked', async (_, spareOf) => {
    const bench = await held();
    const call = await callOn(bench);
    const action = { ...bench.target.action, spare: spareOf(bench.database) };
    expect(await seenBy({ ...bench, target: { ...bench.target, action } })).toMatchObject({ applicable: false });
    await expect(bench.provider.apply({ ...call, action })).rejects.toThrow(TargetRefused);
    expect(await bench.effects()).toBe(0);
  });

  it('leaves a superuser alone, whom it could not end', async () => {
    const bench = await held();
    await bench.database.owner.query(`alter role ${bench.database.victim} superuser`);
    expect(await seenBy(bench)).toMatchObject({ applicable: false });
  });

  it('names pg_signal_backend where that is missing', async () => {
    const bench = await held();
    const { healer, owner } = bench.database;
    await owner.query(`revoke pg_signal_backend from ${healer}`);
    expect(await seenBy(bench)).toEqual({ applicable: false, reason: `no permission: grant pg_signal_backend to ${healer}` });
  });
});

describe('dropSlot', () => {
  it('drops the slot that it names and no other', async () => {
    const [bench, other] = [await abandoned(), await abandoned()];
    expect(await bench.provider.apply(await callOn(bench))).toMatchObject({
      identity: 'none',
      summary: `there is no slot "${bench.slot}"`,
    });
    expect(await other.effects()).toBe(0);
  });

  it('is not taken for done where somebody has read the slot since', async () => {
    const bench = await abandoned();
    const call = await callOn(bench);
    await bench.disturb?.();
    expect(await bench.provider.readBack(call)).toEqual({ kind: 'notApplied' });
  });

  it('leaves alone a slot that keeps little, was read lately, or does not exist', async () => {
    const bench = await abandoned();
    const seen = (more: Partial<Postgres>) =>
      seenBy({ ...bench, target: { ...bench.target, action: { ...bench.target.action, ...more } } });
    expect(await seen({ slot: { name: bench.slot, retainsBytes: 1e12 } })).toMatchObject({
      reason: expect.stringContaining('bytes of WAL, which is no more than'),
    });
    expect(await seen({ olderThanMs: 3_600_000 })).toMatchObject({
      reason: expect.stringMatching(/was read \d+s ago; it is abandoned after 3600s/),
    });
    for (const name of ['', '*', `${bench.slot}'; drop table items; --`, bench.slot.toUpperCase()])
      expect(await seen({ slot: { name, retainsBytes: 0 } })).toMatchObject({
        applicable: false,
        reason: expect.stringContaining('there is no slot'),
      });
  });

  it('names the attribute that is missing', async () => {
    const bench = await abandoned();
    const { healer, owner } = bench.database;
    await owner.query(`alter role ${healer} noreplication`);
    expect(await seenBy(bench)).toEqual({ applicable: false, reason: `no permission: alter role ${healer} replication` });
    await expect(bench.provider.apply(await callOn(bench))).rejects.toThrow(/permission denied/);
  });

  it('brings no slot back', async () => {
    const bench = await abandoned();
    const call = await callOn(bench);
    await expect(bench.provider.undo(undoOf(call), await bench.provider.apply(call))).rejects.toThrow(/can't be brought back/);
  });
});

describe('a failover between look and act', () => {
  let pair: { readonly primary: OwnPostgres; readonly replica: OwnPostgres };
  beforeAll(async () => {
    pair = await ownPair();
    process.env.PASSWORD_OF_HALE = 'hale';
  });
  afterAll(async () => {
    await Promise.all([pair.primary.stop(), pair.replica.stop()]);
    removed(pair.primary, pair.replica);
  });

  const on = (role: SqlConnection['role'], statement: Postgres['statement'], more: Partial<Postgres> = {}): Bench<Postgres> => {
    const port = role === 'replica' ? pair.replica.port : pair.primary.port;
    const connection = { hosts: ['127.0.0.1'], port, user: 'hale', database: 'postgres', password: { env: 'PASSWORD_OF_HALE' }, role };
    const action: Postgres = { kind: 'postgres', connection, statement, spare: { users: [], applications: [] }, olderThanMs: 0, ...more };
    const absent = async () => Promise.reject(new Error('not asked for here'));
    return {
      provider: postgresProvider(),
      target: { service: 'orders', action, timeoutMs: 10_000 },
      effects: absent,
      state: absent,
      remove: absent,
    };
  };
  const setting = { name: 'work_mem', value: '64MB' };

  it('is refused: a replica that was promoted is no replica any more, and another server is not the one that was looked at', async () => {
    const replica = on('replica', 'setting', { setting });
    const primary = on('primary', 'setting', { setting });
    const [onReplica, onPrimary] = [await callOn(replica), await callOn(primary)];
    const before = await pair.replica.began(/statement: alter system/);

    // The session is open, its role was looked at, and the server is promoted under it.
    const permit = async () => pair.replica.promote();
    await expect(replica.provider.apply({ ...onReplica, permit })).rejects.toThrow(/primary of timeline 00000002 instead of replica/);
    await expect(replica.provider.apply(onReplica)).rejects.toThrow(/it is no replica/);

    // The name of the primary leads to the server that has taken over.
    const moved = {
      ...onPrimary,
      action: { ...onPrimary.action, connection: { ...onPrimary.action.connection, port: pair.replica.port } },
    };
    await expect(primary.provider.apply(moved)).rejects.toThrow(TargetRefused);
    expect(await primary.provider.readBack(moved)).toMatchObject({
      kind: 'unknown',
      why: expect.stringContaining('timeline 00000002 answers now'),
    });
    expect(await pair.replica.began(/statement: alter system/)).toBe(before);
    expect(await primary.provider.apply(onPrimary)).toMatchObject({ content: { inForce: '65536' } });
  });
});
