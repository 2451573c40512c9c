import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import type { Action, SqlConnection } from '../../../../domain/service.js';
import { ownPostgres, removed, type OwnPostgres } from '../../../support/own-postgres.js';
import type { WireBench, WireTarget } from '../bench.js';
import { built } from './module.js';

type Postgres = Extract<Action, { kind: 'postgres' }>;

const provider = built('adapters/postgres-target/provider', 'postgresProvider');
const timeoutMs = 1_500;
process.env.PASSWORD_ON_THE_WIRE = 'hale';

interface Place {
  readonly database: string;
  readonly client: () => Promise<pg.Client>;
  aim(port: number, more: Partial<Postgres> & Pick<Postgres, 'statement'>): ReturnType<WireTarget<Postgres>['aimedAt']>;
  /** The database is dropped under everybody. */
  drop(): Promise<void>;
}

/** A bench on a server of its own, one database for each target. */
function onServer(name: string, arrange: (server: OwnPostgres, place: Place) => Promise<WireTarget<Postgres>>): WireBench<Postgres> {
  let server: OwnPostgres | undefined;
  return {
    name,
    provider,
    open: async () => void (server = await ownPostgres()),
    close: async () => {
      await server?.stop();
      if (server !== undefined) removed(server);
    },
    arrange: async () => {
      if (server === undefined) throw new Error('the bench is not open');
      return arrange(server, await freshPlace(server));
    },
  };
}

async function freshPlace({ owner, port: own }: OwnPostgres): Promise<Place> {
  const database = `shop_${randomUUID().replaceAll('-', '')}`;
  await owner.query(`create database ${database}`);
  const connection = (port: number): SqlConnection => ({
    hosts: ['127.0.0.1'],
    port,
    user: 'hale',
    database,
    password: { env: 'PASSWORD_ON_THE_WIRE' },
    role: 'primary',
  });
  return {
    database,
    client: async () => {
      const client = new pg.Client({ host: '127.0.0.1', port: own, user: 'hale', password: 'hale', database, application_name: 'shop' });
      client.on('error', () => undefined);
      await client.connect();
      return client;
    },
    aim: (port, more) => ({
      service: 'orders',
      action: { kind: 'postgres', connection: connection(port), spare: { users: [], applications: [] }, olderThanMs: 0, ...more },
      timeoutMs,
    }),
    drop: async () => void (await owner.query(`drop database if exists ${database} with (force)`)),
  };
}

export const postgresSetting: WireBench<Postgres> = onServer('postgres setting', async (server, place) => {
  const name = 'work_mem';
  await server.owner.query('alter system reset all');
  await reloaded(server, name, '4096');
  const acts = /statement: alter system set work_mem = '64MB'/;
  const before = await server.began(acts);
  return {
    address: { host: '127.0.0.1', port: server.port },
    aimedAt: (port) => place.aim(port, { statement: 'setting', setting: { name, value: '64MB' } }),
    isAct: (bytes) => bytes.includes(`alter system set ${name}`),
    isUndo: (bytes) => bytes.includes(`alter system reset ${name}`),
    effects: async () => (await server.began(acts)) - before,
    state: async () => JSON.stringify(await written(server, name)),
    disturb: async () => {
      await server.owner.query(`alter system set ${name} = '7MB'`);
      await reloaded(server, name, '7168');
    },
    remove: () => place.drop(),
    close: () => place.drop(),
  };
});

/** What ALTER SYSTEM has written. */
async function written({ owner }: OwnPostgres, name: string): Promise<string | null> {
  const { rows } = await owner.query<{ setting: string }>(
    `select setting from pg_file_settings where name = $1 and sourcefile like '%postgresql.auto.conf'`,
    [name],
  );
  return rows[0]?.setting ?? null;
}

async function reloaded({ owner }: OwnPostgres, name: string, shown: string): Promise<void> {
  await owner.query('select pg_reload_conf()');
  for (;;) {
    const { rows } = await owner.query<{ setting: string }>('select setting from pg_settings where name = $1', [name]);
    if (rows[0]?.setting === shown) return;
    await wait(5);
  }
}

/** One session sits in its transaction, another one waits for it. */
export const postgresBlocker: WireBench<Postgres> = {
  ...onServer('postgres terminateRootBlocker', async (server, place) => {
    const [root, waiting] = [await place.client(), await place.client()];
    let ended = 0;
    root.on('error', () => void (ended += 1));
    await root.query('create table items (v int)');
    const { rows } = await root.query<{ pid: number }>('select pg_backend_pid() as pid');
    const pid = rows[0]?.pid;
    await root.query('begin; lock table items in access exclusive mode');
    const waits = waiting.query('select count(*) from items').catch(() => undefined);
    while ((await server.owner.query('select from pg_stat_activity where cardinality(pg_blocking_pids(pid)) > 0')).rowCount === 0)
      await wait(5);
    const ends = /terminating connection due to administrator command/;
    let others = await server.logged(ends);
    return {
      address: { host: '127.0.0.1', port: server.port },
      aimedAt: (port) => place.aim(port, { statement: 'terminateRootBlocker' }),
      isAct: (bytes) => bytes.includes('pg_terminate_backend'),
      effects: async () => (await server.logged(ends)) - others,
      state: async () => String(ended),
      disturb: async () => {
        await root.query('rollback');
        await waits;
      },
      remove: async () => {
        await server.owner.query('select pg_terminate_backend($1, 5000)', [pid]);
        others += 1;
      },
      close: async () => {
        await Promise.allSettled([root.end(), waiting.end()]);
        await place.drop();
      },
    };
  }),
  without: { undo: 'what was ended is gone' },
};
