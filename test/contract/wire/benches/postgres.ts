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

/** A server for a few benches: the first that opens it starts it, the last that closes it ends it. */
class Server {
  #started: Promise<OwnPostgres> | undefined;
  #users = 0;

  open(): Promise<OwnPostgres> {
    this.#users += 1;
    return (this.#started ??= ownPostgres());
  }

  async close(): Promise<void> {
    this.#users -= 1;
    if (this.#users > 0) return;
    const started = this.#started;
    // Whoever opens it from now on gets another one.
    this.#started = undefined;
    const server = await started;
    await server?.stop();
    if (server !== undefined) removed(server);
  }
}

/** What is set holds for a whole server. */
const forSettings = new Server();
const forOthers = new Server();

/** A bench with one database for each target. */
function onServer(
  name: string,
  shared: Server,
  arrange: (server: OwnPostgres, place: Place) => Promise<WireTarget<Postgres>>,
): WireBench<Postgres> {
  let server: OwnPostgres | undefined;
  return {
    name,
    provider,
    open: async () => void (server = await shared.open()),
    close: () => shared.close(),
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

export const postgresSetting: WireBench<Postgres> = onServer('postgres setting', forSettings, async (server, place) => {
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

const gone = { undo: 'what was ended is gone' };

interface Session {
  readonly client: pg.Client;
  readonly pid: number;
}

async function sessionIn(place: Place, begin: string): Promise<Session> {
  const client = await place.client();
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  await client.query(begin);
  return { client, pid: rows[0]?.pid ?? 0 };
}

/** Sessions of which some are to be ended; which are there no more, the server knows. */
function sessionsOf({ owner, port }: OwnPostgres, place: Place, sessions: readonly [Session, ...Session[]]) {
  const [{ client, pid }] = sessions;
  const ended = async (): Promise<number> => {
    const pids = sessions.map((one) => one.pid);
    return pids.length - ((await owner.query('select from pg_stat_activity where pid = any($1)', [pids])).rowCount ?? 0);
  };
  let others = 0;
  return {
    address: { host: '127.0.0.1', port },
    isAct: (bytes: Buffer) => bytes.includes('pg_terminate_backend'),
    effects: async () => (await ended()) - others,
    state: async () => String(await ended()),
    disturb: async () => void (await client.query('rollback')),
    remove: async () => {
      await owner.query('select pg_terminate_backend($1, 5000)', [pid]);
      others += 1;
    },
    close: async () => {
      await Promise.allSettled(sessions.map((one) => one.client.end()));
      await place.drop();
    },
  };
}

/** One session sits in its transaction, another one waits for it. */
export const postgresBlocker: WireBench<Postgres> = {
  ...onServer('postgres terminateRootBlocker', forOthers, async (server, place) => {
    const root = await sessionIn(place, 'create table items (v int)');
    const waiting = await sessionIn(place, 'select');
    await root.client.query('begin; lock table items in access exclusive mode');
    const waits = waiting.client.query('select count(*) from items').catch(() => undefined);
    while ((await server.owner.query('select where cardinality(pg_blocking_pids($1)) > 0', [waiting.pid])).rowCount === 0) await wait(5);
    const sessions = sessionsOf(server, place, [root, waiting]);
    return {
      ...sessions,
      aimedAt: (port) => place.aim(port, { statement: 'terminateRootBlocker' }),
      disturb: async () => {
        await sessions.disturb();
        await waits;
      },
    };
  }),
  without: gone,
};

/** One session has read something and sits in its transaction. */
export const postgresSnapshot: WireBench<Postgres> = {
  ...onServer('postgres endOldSnapshots', forOthers, async (server, place) => {
    const holder = await sessionIn(place, 'begin isolation level repeatable read; select count(*) from pg_class');
    return { ...sessionsOf(server, place, [holder]), aimedAt: (port) => place.aim(port, { statement: 'endOldSnapshots' }) };
  }),
  without: gone,
};

/** A slot that nobody reads, and that keeps the server's log. */
export const postgresSlot: WireBench<Postgres> = {
  ...onServer('postgres dropSlot', forOthers, async ({ owner, port: at }, place) => {
    const name = place.database;
    const drop = () => owner.query('select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1', [name]);
    const position = async (): Promise<string | undefined> => {
      const { rows } = await owner.query<{ at: string }>('select restart_lsn::text as at from pg_replication_slots where slot_name = $1', [
        name,
      ]);
      return rows[0]?.at;
    };
    let others = 0;
    await owner.query('select pg_create_physical_replication_slot($1, true)', [name]);
    await owner.query(`select pg_logical_emit_message(true, 'shop', repeat('x', 10000))`);
    return {
      address: { host: '127.0.0.1', port: at },
      aimedAt: (port) => place.aim(port, { statement: 'dropSlot', slot: { name, retainsBytes: 1_000 } }),
      isAct: (bytes) => bytes.includes('pg_drop_replication_slot'),
      effects: async () => ((await position()) === undefined ? 1 - others : 0),
      state: async () => (await position()) ?? 'gone',
      disturb: async () => void (await owner.query('select pg_replication_slot_advance($1, pg_current_wal_lsn())', [name])),
      remove: async () => {
        await drop();
        others = 1;
      },
      close: async () => {
        await drop();
        await place.drop();
      },
    };
  }),
  without: gone,
};
