import { randomUUID } from 'node:crypto';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { grantsFor, grantSql } from '../../adapters/postgres-target/grants.js';
import { postgresProvider } from '../../adapters/postgres-target/provider.js';
import { TargetRefused } from '../../domain/failure.js';
import type { Action } from '../../domain/service.js';
import { ownPostgres, removed, type OwnPostgres } from '../support/own-postgres.js';
import { tcpProxy } from '../support/tcp-proxy.js';
import { callOn, holdsProviderContract, undoOf, type Bench } from '../../testing/provider.contract.js';

type Postgres = Extract<Action, { kind: 'postgres' }>;

let server: OwnPostgres;
beforeAll(async () => {
  server = await ownPostgres();
  process.env.PASSWORD_OF_HEALER = 'healer';
  process.env.PASSWORD_OF_HALE = 'hale';
});
afterAll(async () => {
  await server.stop();
  removed(server);
});

const actionOn = (port: number, user: string, setting: { name: string; value: string }): Postgres => ({
  kind: 'postgres',
  connection: { hosts: ['127.0.0.1'], port, user, database: 'postgres', password: { env: 'PASSWORD_OF_HEALER' }, role: 'primary' },
  statement: 'setting',
  spare: { users: [], applications: [] },
  olderThanMs: 0,
  setting,
});

/** A role of this test's own with exactly the grants that the catalogue names. */
async function healerFor(action: Omit<Postgres, 'connection'>): Promise<string> {
  const role = `healer_${randomUUID().slice(0, 8)}`;
  await server.owner.query(`create role ${role} login password 'healer'`);
  const { rowCount } = await server.owner.query('select from pg_settings where lower(name) = lower($1)', [action.setting?.name]);
  for (const grant of grantsFor.setting(action as Postgres))
    if (grant.kind !== 'alterSystem' || rowCount === 1) await server.owner.query(grantSql(grant, role));
  return role;
}

const autoConf = (): string => readFileSync(join(server.data, 'postgresql.auto.conf'), 'utf8');

async function inForce(name: string): Promise<string> {
  const client = new pg.Client({ connectionString: `postgres://hale:hale@127.0.0.1:${server.port}/postgres` });
  await client.connect();
  const { rows } = await client.query<{ setting: string }>('select setting from pg_settings where name = $1', [name]);
  await client.end();
  return rows[0]?.setting ?? '';
}

async function tuned(name = 'work_mem', value = '64MB'): Promise<Bench<Postgres> & { readonly role: string }> {
  const proxy = await tcpProxy('127.0.0.1', server.port);
  const action = actionOn(proxy.port, '', { name, value });
  const role = await healerFor(action);
  const target = { service: 'orders', action: { ...action, connection: { ...action.connection, user: role } }, timeoutMs: 5_000 };
  await server.owner.query('alter system reset all');
  await server.owner.query('select pg_reload_conf()');
  await expect.poll(() => inForce('work_mem')).toBe('4096');
  let others = await server.began(/statement: alter system/);
  return {
    role,
    provider: postgresProvider(),
    target,
    effects: async () => (await server.began(/statement: alter system/)) - others,
    state: async () => JSON.stringify([autoConf(), await inForce(name)]),
    disturb: async () => {
      await server.owner.query(`alter system set ${name} = '7MB'`);
      await server.owner.query('select pg_reload_conf()');
      await expect.poll(() => inForce(name)).toBe('7168');
      others += 1;
    },
    loseAnswers: async () => proxy.cutAfter(`alter system set ${name}`),
    hang: async () => proxy.stopAt(`alter system set ${name}`),
    remove: proxy.close,
  };
}

holdsProviderContract('postgres setting', tuned, {
  gone: 'a server that does not answer may tell later',
  goal: 'what it is to become stands in the configuration',
});

describe('a setting', () => {
  const seenBy = async ({ provider, ...bench }: Bench<Postgres>, target = bench.target) =>
    provider.examine(target, await provider.image(target), undefined);
  const asSuperuser = (setting: { name: string; value: string }) => {
    const action = actionOn(server.port, 'hale', setting);
    const connection = { ...action.connection, password: { env: 'PASSWORD_OF_HALE' } };
    return { service: 'orders', action: { ...action, connection }, timeoutMs: 5_000 };
  };

  it('is in force for new sessions when the answer is given, and is reset by the undo where nothing was written before', async () => {
    const bench = await tuned();
    const call = await callOn(bench);
    const after = await bench.provider.apply(call);
    expect(await inForce('work_mem')).toBe('65536');
    expect(await bench.provider.undo(undoOf(call), after)).toMatchObject({ kind: 'undone', now: { content: { written: null } } });
    expect(await inForce('work_mem')).toBe('4096');
    expect(autoConf()).not.toContain('work_mem');
  });

  it('goes back to the text that ALTER SYSTEM had written before', async () => {
    const bench = await tuned();
    await bench.disturb?.();
    const call = await callOn(bench);
    const after = await bench.provider.apply(call);
    await bench.provider.undo(undoOf(call), after);
    expect(autoConf()).toContain(`work_mem = '7MB'`);
    expect(await inForce('work_mem')).toBe('7168');
  });

  it('that somebody writes while an undo waits for its permission stays theirs', async () => {
    const bench = await tuned();
    const call = await callOn(bench);
    const after = await bench.provider.apply(call);
    const theirs = { kind: 'changedMeanwhile', now: { content: { written: '7MB' } } };
    expect(await bench.provider.undo({ ...undoOf(call), permit: async () => bench.disturb?.() }, after)).toMatchObject(theirs);
    expect(autoConf()).toContain(`work_mem = '7MB'`);
    expect(await inForce('work_mem')).toBe('7168');
  });

  it('that was written and not reloaded when its worker died is put into force by the same call, and can be undone as it stands', async () => {
    const bench = await tuned();
    const original = await bench.state();
    const call = await callOn(bench);
    await server.owner.query(`alter system set work_mem = '64MB'`);
    expect(await bench.provider.readBack(call)).toMatchObject({ kind: 'partly', left: 'the reload' });
    const found = await bench.provider.readBack(call);
    if (found.kind !== 'partly') throw new Error('not partly');
    expect(await bench.provider.undo(undoOf(call), found.after)).toMatchObject({ kind: 'undone' });
    expect(await bench.state()).toBe(original);
    await server.owner.query(`alter system set work_mem = '64MB'`);
    const written = await server.began(/statement: alter system/);
    await bench.provider.apply(call);
    expect(await inForce('work_mem')).toBe('65536');
    expect(await server.began(/statement: alter system/)).toBe(written);
    expect(await bench.provider.readBack(call)).toMatchObject({ kind: 'applied' });
  });

  it.each(['statement_timeout', 'Lock_Timeout'])(
    '%s, for which sessions of hale have a limit of their own, is the one of the server',
    async (name) => {
      const bench = await tuned(name, '90s');
      const original = await bench.state();
      const call = await callOn(bench);
      expect(call.before.summary).toBe(`${name.toLowerCase()} is 0ms`);
      const after = await bench.provider.apply(call);
      expect(await inForce(name.toLowerCase())).toBe('90000');
      expect(await bench.provider.readBack(call)).toMatchObject({ kind: 'applied' });
      expect(await bench.provider.undo(undoOf(call), after)).toMatchObject({ kind: 'undone' });
      expect(await bench.state()).toBe(original);
    },
  );

  it('that the role of hale has for itself is left alone, since ALTER SYSTEM would not change it there', async () => {
    const bench = await tuned('lock_timeout', '90s');
    await server.owner.query(`alter role ${bench.role} set lock_timeout = '5s'`);
    expect(await seenBy(bench)).toEqual({ applicable: false, reason: 'lock_timeout is set by user, which goes before ALTER SYSTEM' });
  });

  it('that is already so is left alone, however it is written', async () => {
    const bench = await tuned();
    const same = [
      ['65536kB', 'work_mem', '64MB'],
      ['on', 'autovacuum', 'true'],
      ['1.0', 'cpu_tuple_cost', '1'],
      ['60000ms', 'autovacuum_naptime', '1min'],
      ['2e2', 'default_statistics_target', '200'],
      ['1048576', 'effective_cache_size', '8GB'],
      ['FORCE_CUSTOM_PLAN', 'plan_cache_mode', 'force_custom_plan'],
    ];
    for (const [, name, other] of same) await server.owner.query(`alter system set ${name} = '${other}'`);
    await server.owner.query('select pg_reload_conf()');
    for (const [value = '', name = ''] of same)
      await expect
        .poll(() => seenBy(bench, asSuperuser({ name, value })))
        .toMatchObject({ applicable: false, reason: expect.stringContaining('it is already so') });
  });

  it('of durability, security, logging or replication is never changed, whoever is asked to', async () => {
    const bench = await tuned();
    const names = `fsync FSYNC synchronous_commit full_page_writes wal_level archive_command archive_mode restore_command ssl ssl_ca_file
      ssl_passphrase_command listen_addresses hba_file shared_preload_libraries session_preload_libraries data_checksums primary_conninfo
      synchronous_standby_names log_statement password_encryption search_path row_security zero_damaged_pages track_activities`;
    for (const name of names.split(/\s+/)) {
      const target = asSuperuser({ name, value: 'off' });
      expect(await seenBy(bench, target), name).toMatchObject({
        applicable: false,
        reason: expect.stringMatching(/^\w+ is never changed by hale: /),
      });
      await expect(bench.provider.apply(await callOn({ ...bench, target }))).rejects.toThrow(TargetRefused);
    }
    expect(await bench.effects()).toBe(0);
  });

  it('SQL action injection: a name or value that is none is refused with the reason, and so is what would have no effect', async () => {
    const bench = await tuned();
    for (const [name = '', value = '', reason] of [
      ['shared_buffers', '1GB', 'takes effect only when the server starts'],
      ['max_connections', '10', 'takes effect only when the server starts'],
      ['autovacuum_freeze_max_age', '300000000', 'takes effect only when the server starts (postmaster)'],
      ['post_auth_delay', '1', 'takes effect only when a session begins'],
      ['work_mem', 'plenty', 'is no value for work_mem'],
      ['work_mem', `'; drop role hale; --`, 'is no value for work_mem'],
      ['no_such_setting', '1', 'there is no setting "no_such_setting"'],
      [`work_mem = '1'; drop table x; --`, '1', 'there is no setting'],
      ['', '', 'there is no setting'],
    ]) {
      const target = asSuperuser({ name, value });
      expect(await seenBy(bench, target)).toMatchObject({ applicable: false, reason: expect.stringContaining(reason ?? '') });
      await expect(bench.provider.apply(await callOn({ ...bench, target }))).rejects.toThrow(TargetRefused);
    }
    expect(await bench.effects()).toBe(0);
  });

  it('is written as one literal, whatever is in it', async () => {
    const bench = await tuned('lc_time', `C'; drop role hale; --`);
    await expect(bench.provider.apply(await callOn(bench))).rejects.toThrow(
      /invalid value for parameter "lc_time": "C'; drop role hale; --"/,
    );
    expect(autoConf()).not.toContain('drop role');
  });

  it('is not changed while the files of the server have a fault, since a reload would take nothing of them', async () => {
    const bench = await tuned();
    const file = join(server.data, 'postgresql.conf');
    const good = readFileSync(file, 'utf8');
    onTestFinished(() => writeFileSync(file, good));
    appendFileSync(file, '\nwrok_mem = 1MB\n');
    expect(await seenBy(bench)).toMatchObject({
      applicable: false,
      reason: expect.stringContaining('unrecognized configuration parameter'),
    });
  });

  it('needs each of its grants, and names the one that is missing', async () => {
    const bench = await tuned();
    for (const right of ['alter system on parameter work_mem', 'execute on function pg_reload_conf()']) {
      await server.owner.query(`revoke ${right} from ${bench.role}`);
      expect(await seenBy(bench)).toEqual({ applicable: false, reason: `no permission: grant ${right} to ${bench.role}` });
      await expect(bench.provider.apply(await callOn(bench))).rejects.toThrow(/permission denied/);
      await server.owner.query(`grant ${right} to ${bench.role}`);
    }
    expect(await seenBy(bench)).toMatchObject({ applicable: true });
  });

  it('is changed by one session at a time, also when that one was frozen before it wrote', async () => {
    const bench = await tuned();
    const call = await callOn(bench);
    const second: unknown[] = [];
    const permit = async () => void second.push(await bench.provider.apply(call).catch((error: unknown) => error));
    await bench.provider.apply({ ...call, permit });
    expect(second).toEqual([expect.any(TargetRefused)]);
    expect(await bench.effects()).toBe(1);
  });
});
