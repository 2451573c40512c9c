import { describe, expect, it } from 'vitest';
import { postgresProvider } from '../../adapters/postgres-target/provider.js';
import { TargetRefused } from '../../domain/failure.js';
import type { Action, SqlConnection } from '../../domain/service.js';
import { busyDatabase, waiting, type BusyDatabase, type Session } from '../support/busy-database.js';
import { tcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { callOn, holdsProviderContract, undoOf, type Bench } from '../../testing/provider.contract.js';

type Postgres = Extract<Action, { kind: 'postgres' }>;

const actionOn = (connection: SqlConnection, statement: Postgres['statement'], more: Partial<Postgres> = {}): Postgres => ({
  kind: 'postgres',
  connection,
  statement,
  spare: { users: ['hale'], applications: ['pg_dump'] },
  olderThanMs: 100,
  ...more,
});

function benchOf(database: BusyDatabase, action: Postgres): Pick<Bench<Postgres>, 'provider' | 'target'> {
  return { provider: postgresProvider(), target: { service: 'orders', action, timeoutMs: 5_000 } };
}

async function behindProxy(database: BusyDatabase): Promise<{ proxy: TcpProxy; connection: SqlConnection }> {
  const { hosts, port } = database.connection;
  const proxy = await tcpProxy(hosts[0] ?? '', port);
  return { proxy, connection: { ...database.connection, hosts: ['127.0.0.1'], port: proxy.port } };
}

/** A: reads and stays in its transaction. B: wants the table for itself and waits for A. C and D: read, behind B. */
async function queue(database: BusyDatabase): Promise<Record<'a' | 'b' | 'c' | 'd', Session>> {
  const [a, b, c, d] = await Promise.all([database.session(), database.session(), database.session(), database.session()]);
  await a.client.query('begin; select count(*) from items');
  b.client.query('begin; lock table items in access exclusive mode; commit').catch(() => undefined);
  await waiting(database, 1);
  for (const { client } of [c, d]) client.query('select count(*) from items').catch(() => undefined);
  await waiting(database, 3);
  return { a, b, c, d };
}

/** A: has the table for itself. B, C and D: read, and wait for A alone, so that nobody waits for anybody as soon as A has gone. */
async function readers(database: BusyDatabase): ReturnType<typeof queue> {
  const [a, b, c, d] = await Promise.all([database.session(), database.session(), database.session(), database.session()]);
  await a.client.query('begin; lock table items in access exclusive mode');
  for (const { client } of [b, c, d]) client.query('select count(*) from items').catch(() => undefined);
  await waiting(database, 3);
  return { a, b, c, d };
}

async function blocked(waits = queue): Promise<Bench<Postgres> & Awaited<ReturnType<typeof queue>> & { database: BusyDatabase }> {
  const database = await busyDatabase();
  const { proxy, connection } = await behindProxy(database);
  const sessions = await waits(database);
  return {
    ...sessions,
    database,
    ...benchOf(database, actionOn(connection, 'terminateRootBlocker', { olderThanMs: 0 })),
    effects: async () => database.ended(),
    state: async () => String(database.ended()),
    disturb: async () => {
      await sessions.a.client.query('rollback');
      await waiting(database, 0);
    },
    loseAnswers: async () => proxy.cutAfter('pg_terminate_backend'),
    hang: async () => proxy.stopAt('pg_terminate_backend'),
    remove: proxy.close,
  };
}

async function running(
  sql = 'select pg_sleep(60)',
): Promise<Bench<Postgres> & { database: BusyDatabase; session: Session; failures: string[] }> {
  const database = await busyDatabase();
  const { proxy, connection } = await behindProxy(database);
  const session = await database.session();
  const failures: string[] = [];
  const query = session.client.query(sql).catch((error: Error) => void failures.push(error.message));
  const provider = postgresProvider();
  const target = { service: 'orders', action: actionOn(connection, 'cancelQuery'), timeoutMs: 5_000 };
  await expect.poll(async () => (await provider.image(target)).identity).not.toBe('none');
  return {
    database,
    session,
    failures,
    provider,
    target,
    effects: async () => failures.filter((message) => message.includes('user request')).length,
    state: async () => failures.join(),
    disturb: async () => {
      await database.owner.query('select pg_terminate_backend($1, 5000)', [session.pid]);
      await query;
    },
    loseAnswers: async () => proxy.cutAfter('pg_cancel_backend'),
    hang: async () => proxy.stopAt('pg_cancel_backend'),
    remove: proxy.close,
  };
}

async function bloated(): Promise<Bench<Postgres> & { database: BusyDatabase }> {
  const database = await busyDatabase();
  const { proxy, connection } = await behindProxy(database);
  const vacuums = async () => {
    const { rows } = await database.owner.query<{ count: number }>(
      `select vacuum_count::int as count from pg_stat_user_tables where relname = 'items'`,
    );
    return rows[0]?.count ?? 0;
  };
  await bloat(database);
  let others = await vacuums();
  return {
    database,
    ...benchOf(database, actionOn(connection, 'vacuum', { table: 'items' })),
    effects: async () => (await vacuums()) - others,
    state: async () => String(await vacuums()),
    disturb: async () => {
      await database.owner.query('vacuum items');
      others += 1;
    },
    loseAnswers: async () => proxy.cutAfter('vacuum (analyze)'),
    hang: async () => proxy.stopAt('vacuum (analyze)'),
    remove: proxy.close,
  };
}

/** Dead rows, and the statistics that tell of them. */
async function bloat({ owner }: BusyDatabase): Promise<void> {
  const client = await owner.connect();
  await client.query('alter table items set (autovacuum_enabled = off)');
  await client.query('update items set v = v + 1');
  await client.query('select pg_stat_force_next_flush()');
  client.release();
}

const nothingBack = {
  undo: 'what was ended is gone',
  goal: 'there is one thing to become: gone, or vacuumed',
  gone: 'a server that does not answer may tell later',
};
holdsProviderContract('postgres terminateRootBlocker', () => blocked(readers), nothingBack);
holdsProviderContract('postgres cancelQuery', () => running(), nothingBack);
holdsProviderContract('postgres vacuum', bloated, nothingBack);

describe('terminateRootBlocker', () => {
  it('ends the one that all others wait for, and those who waited go on', async () => {
    const bench = await blocked();
    const call = await callOn(bench);
    expect(call.before.summary).toMatch(new RegExp(`session ${bench.a.pid} .*idle in transaction.* blocks 3 others`));
    await bench.provider.apply(call);
    await waiting(bench.database, 0);
    expect(await bench.provider.image(bench.target)).toMatchObject({ identity: 'none' });
    expect(await bench.d.client.query('select 1')).toMatchObject({ rowCount: 1 });
    await expect(bench.a.client.query('select 1')).rejects.toThrow();
  });

  it('finds nothing to correct where nobody waits', async () => {
    const bench = await blocked();
    await bench.disturb?.();
    const seen = await bench.provider.examine(bench.target, await bench.provider.image(bench.target), undefined);
    expect(seen).toEqual({ applicable: false, reason: 'no session waits for another' });
  });

  it('leaves alone a session that has not sat in its transaction for as long as the bound', async () => {
    const bench = await blocked();
    const young = { ...bench.target, action: { ...bench.target.action, olderThanMs: 60_000 } };
    const seen = await bench.provider.examine(young, await bench.provider.image(young), undefined);
    expect(seen).toEqual({ applicable: false, reason: expect.stringMatching(/blocks 3 others, but for less than 60s$/) });
  });

  it('ends a session in no other transaction than the one that it looked at', async () => {
    const bench = await blocked(readers);
    const call = await callOn(bench);
    await bench.disturb?.();
    await bench.a.client.query('begin; lock table items in access exclusive mode');
    bench.b.client.query('select count(*) from items').catch(() => undefined);
    await waiting(bench.database, 1);
    expect((await bench.provider.image(bench.target)).identity).not.toBe(call.before.identity);
    await expect(bench.provider.apply(call)).rejects.toThrow(TargetRefused);
    expect(await bench.effects()).toBe(0);
  });

  it('ends a session that keeps a lock in no transaction', async () => {
    const bench = await blocked();
    await bench.disturb?.();
    await bench.a.client.query('select pg_advisory_lock(1)');
    bench.b.client.query('select pg_advisory_lock(1)').catch(() => undefined);
    await waiting(bench.database, 1);
    await bench.provider.apply(await callOn(bench));
    await expect.poll(() => bench.effects()).toBe(1);
  });

  it.each([
    ['users', (database: BusyDatabase) => ({ users: ['hale', database.victim], applications: [] })],
    ['applications', () => ({ users: ['hale'], applications: ['shop'] })],
  ])('spares %s, also when they came to be spared after it looked', async (_, spareOf) => {
    const bench = await blocked();
    const call = await callOn(bench);
    const action = { ...bench.target.action, spare: spareOf(bench.database) };
    const spared = { ...bench.target, action };
    const seen = await bench.provider.examine(spared, await bench.provider.image(spared), undefined);
    expect(seen).toMatchObject({ applicable: false, reason: expect.stringContaining('spared') });
    await expect(bench.provider.apply({ ...call, action })).rejects.toThrow(TargetRefused);
    expect(await bench.effects()).toBe(0);
  });

  it('ends no session that blocks nobody any more, though it is in the same transaction still', async () => {
    const bench = await blocked(readers);
    const permit = async () => {
      for (const { pid } of [bench.b, bench.c, bench.d]) await bench.database.owner.query('select pg_cancel_backend($1)', [pid]);
      await waiting(bench.database, 0);
    };
    await expect(bench.provider.apply(await callOn(bench, { permit }))).rejects.toThrow(TargetRefused);
    expect(await bench.a.client.query('select from items')).toMatchObject({ rowCount: 100 });
    expect(await bench.effects()).toBe(0);
  });

  it('never ends a session that only got the process id of another', async () => {
    const bench = await blocked();
    const call = await callOn(bench);
    const before = { ...call.before, content: { ...call.before.content, started: '2001-01-01T00:00:00.000000Z' } };
    await expect(bench.provider.apply({ ...call, before })).rejects.toThrow(TargetRefused);
    expect(await bench.effects()).toBe(0);
  });

  it('takes a session for ended when another one has got its process id', async () => {
    const bench = await blocked();
    const call = await callOn(bench);
    expect(await bench.provider.readBack(call)).toEqual({ kind: 'notApplied' });
    const before = { ...call.before, content: { ...call.before.content, started: '2001-01-01T00:00:00.000000Z' } };
    expect(await bench.provider.readBack({ ...call, before })).toMatchObject({ kind: 'applied' });
  });

  it('never ends a session of its own name', async () => {
    const bench = await blocked();
    await bench.a.client.query(`set application_name = 'hale'`);
    const seen = await bench.provider.examine(bench.target, await bench.provider.image(bench.target), undefined);
    expect(seen).toMatchObject({ applicable: false });
  });

  it('names the role and the grant when it may not see other sessions', async () => {
    const bench = await blocked();
    await bench.database.owner.query(`revoke pg_monitor from ${bench.database.healer}`);
    await expect(bench.provider.image(bench.target)).rejects.toThrow(`grant pg_monitor, pg_signal_backend to ${bench.database.healer}`);
  });

  it('brings nothing back', async () => {
    const bench = await blocked();
    const call = await callOn(bench);
    await expect(bench.provider.undo(undoOf(call), await bench.provider.apply(call))).rejects.toThrow(/can't be brought back/);
  });
});

/** A WAL sender takes statements as well, so that it may hold what others wait for. */
describe('a session that replicates', () => {
  const replicating = async (): Promise<{ database: BusyDatabase; sender: Session }> => {
    const database = await busyDatabase();
    await database.owner.query(`alter role ${database.victim} replication`);
    return { database, sender: await database.session('replica', { replication: 'database' }) };
  };

  it('is not ended, though others wait for it', async () => {
    const { database, sender } = await replicating();
    await sender.client.query('begin; lock table items in access exclusive mode');
    const reader = await database.session();
    reader.client.query('select from items').catch(() => undefined);
    await waiting(database, 1);
    const { provider, target } = benchOf(database, actionOn(database.connection, 'terminateRootBlocker', { olderThanMs: 0 }));
    expect(await provider.image(target)).toMatchObject({
      identity: 'none',
      summary: expect.stringMatching(new RegExp(`^session ${sender.pid} .*spared$`)),
    });
  });

  it('keeps its query', async () => {
    const { database, sender } = await replicating();
    sender.client.query('select pg_sleep(60)').catch(() => undefined);
    const sleeping = `select from pg_stat_activity
                       where pid = $1 and state = 'active' and query_start < clock_timestamp() - interval '100 ms'`;
    await expect.poll(async () => (await database.owner.query(sleeping, [sender.pid])).rowCount).toBe(1);
    const { provider, target } = benchOf(database, actionOn(database.connection, 'cancelQuery'));
    expect(await provider.image(target)).toMatchObject({ identity: 'none' });
  });
});

describe('cancelQuery', () => {
  it('ends the query and leaves the session alive', async () => {
    const bench = await running();
    await bench.provider.apply(await callOn(bench));
    expect(bench.failures).toEqual(['canceling statement due to user request']);
    expect(await bench.session.client.query('select 1')).toMatchObject({ rowCount: 1 });
  });

  it('leaves alone the next query of the same session', async () => {
    const bench = await running();
    const call = await callOn(bench);
    await bench.database.owner.query('select pg_cancel_backend($1)', [bench.session.pid]);
    await expect.poll(() => bench.failures.length).toBe(1);
    const next = bench.session.client.query('select pg_sleep(0.5)');
    await expect(bench.provider.apply(call)).rejects.toThrow(TargetRefused);
    expect(await next).toMatchObject({ rowCount: 1 });
  });

  it('finds nothing while all queries are younger than the bound, and shows no text of a query', async () => {
    const bench = await running();
    const young = { ...bench.target, action: { ...bench.target.action, olderThanMs: 60_000 } };
    const seen = await bench.provider.examine(young, await bench.provider.image(young), undefined);
    expect(seen).toEqual({ applicable: false, reason: 'no query runs for 60s or longer' });
    expect(JSON.stringify(await bench.provider.image(bench.target))).not.toContain('pg_sleep');
  });
});

describe('the verb of a query', () => {
  it.each([
    ['SELECT', `  SELECT\n\tset_config('shop.k', 's3cr3t', true), pg_sleep(60)`],
    ['select', `select'k=s3cr3t', pg_sleep(60)`],
    ['query', `/*s3cr3t*/ select pg_sleep(60)`],
  ])('is %s, and nothing else of its text is shown', async (verb, sql) => {
    const { provider, target } = await running(sql);
    const { summary } = await provider.image(target);
    expect(summary).toMatch(new RegExp(`^${verb} of session \\d+ `));
    expect(summary).not.toContain('s3cr3t');
  });
});

describe('vacuum of a table', () => {
  it('removes the dead rows', async () => {
    const bench = await bloated();
    const call = await callOn(bench);
    expect(call.before.summary).toBe('public.items has 100 dead rows beside 100 live ones');
    expect(await bench.provider.apply(call)).toMatchObject({ summary: 'public.items has 0 dead rows beside 100 live ones' });
    const seen = await bench.provider.examine(bench.target, await bench.provider.image(bench.target), undefined);
    expect(seen).toMatchObject({ applicable: false });
  });

  it('names the holder of an old snapshot instead of vacuuming in vain', async () => {
    const bench = await bloated();
    const holder = await bench.database.session('report');
    await holder.client.query('begin isolation level repeatable read; select count(*) from items');
    const seen = async () => bench.provider.examine(bench.target, await bench.provider.image(bench.target), undefined);
    await expect.poll(seen).toMatchObject({ applicable: false, reason: expect.stringContaining(`session ${holder.pid}`) });
    await holder.client.query('rollback');
    expect(await seen()).toMatchObject({ applicable: true });
  });

  it('takes no notice of a snapshot in another database, which keeps no rows of this one', async () => {
    const [bench, other] = [await bloated(), await busyDatabase()];
    const holder = await other.session('report');
    await holder.client.query('begin isolation level repeatable read; select count(*) from items');
    const old = `select from pg_stat_activity
                  where pid = $1 and backend_xmin is not null and xact_start < clock_timestamp() - interval '100 ms'`;
    await expect.poll(async () => (await other.owner.query(old, [holder.pid])).rowCount).toBe(1);
    expect(await bench.provider.examine(bench.target, await bench.provider.image(bench.target), undefined)).toMatchObject({
      applicable: true,
    });
  });

  it('refuses when the role may not, and when the table is not there', async () => {
    const bench = await bloated();
    await bench.database.owner.query('create table secret as select 1');
    for (const table of ['secret', 'items; drop table items', 'no_such_table']) {
      const target = { ...bench.target, action: { ...bench.target.action, table } };
      const attempt = async () => bench.provider.apply(await callOn({ ...bench, target }));
      await expect(attempt()).rejects.toThrow(/permission denied|invalid name syntax|there is no table/);
    }
    expect(await bench.database.owner.query('select from items')).toMatchObject({ rowCount: 100 });
  });

  it('SQL action injection: a table is what the catalogue knows by that very name, and nothing is run of it', async () => {
    const bench = await bloated();
    const { owner } = bench.database;
    await owner.query(`create table "x; drop table items" as select 1 as v; grant all on "x; drop table items" to public`);
    for (const table of [
      'x; drop table items',
      'items; drop table items',
      `items'; drop table items; --`,
      'items) ; drop table items --',
      '',
      '*',
    ]) {
      const target = { ...bench.target, action: { ...bench.target.action, table } };
      expect(await bench.provider.image(target)).toMatchObject({ summary: `there is no table ${JSON.stringify(table)}` });
      await expect(bench.provider.apply(await callOn({ ...bench, target }))).rejects.toThrow(/there is no table/);
    }
    // The same name, as the server itself writes it, is one table and no statement.
    const target = { ...bench.target, action: { ...bench.target.action, table: '"x; drop table items"' } };
    expect(await bench.provider.image(target)).toMatchObject({ content: { name: 'public."x; drop table items"' } });
    await bench.provider.apply(await callOn({ ...bench, target }));
    expect(await owner.query('select from items')).toMatchObject({ rowCount: 100 });
  });

  it('does not queue for a table that is locked', async () => {
    const bench = await bloated();
    const holder = await bench.database.session();
    await holder.client.query('begin; lock table items in access exclusive mode');
    await expect(bench.provider.apply(await callOn(bench))).rejects.toThrow(TargetRefused);
  });
});

describe('postgres target', () => {
  it('tries its hosts in turn, and acts only where the role is the wanted one', async () => {
    const { connection } = await busyDatabase();
    const provider = postgresProvider();
    const at = (more: Partial<SqlConnection>) => ({
      service: 'orders',
      action: actionOn({ ...connection, ...more }, 'terminateRootBlocker'),
      timeoutMs: 5_000,
    });
    expect(await provider.image(at({ hosts: ['127.0.0.2', ...connection.hosts] }))).toMatchObject({ identity: 'none' });
    const wanted = provider.image(at({ role: 'replica' }));
    await expect(wanted).rejects.toThrow(TargetRefused);
    await expect(wanted).rejects.toThrow(/it is no replica/);
    expect(await provider.image(at({ role: 'any' }))).toMatchObject({ identity: 'none' });
  });

  it('says which secret is missing, and never shows one', async () => {
    const { connection } = await busyDatabase();
    const target = {
      service: 'orders',
      action: actionOn({ ...connection, password: { env: 'NOT_SET' } }, 'cancelQuery'),
      timeoutMs: 5_000,
    };
    await expect(postgresProvider().image(target)).rejects.toThrow(/NOT_SET with the secret is not set/);
  });
});
