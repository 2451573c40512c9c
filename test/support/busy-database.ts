import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { expect, inject, onTestFinished } from 'vitest';
import type { SqlConnection } from '../../domain/service.js';
import { freshDatabase } from './database.js';

/**
 * A database of this test's own with users of its own. Sessions of the other tests on the same server belong to user
 * `hale`, which every action here spares.
 */
export interface BusyDatabase {
  readonly connection: SqlConnection;
  readonly victim: string;
  readonly healer: string;
  /** As the owner of the database and its tables. */
  readonly owner: pg.Pool;
  /** A session of the victim's; answers it with its process id. Ends are counted. */
  readonly session: (application?: string, more?: { readonly replication: 'database' }) => Promise<Session>;
  readonly ended: () => number;
}

export interface Session {
  readonly client: pg.Client;
  readonly pid: number;
}

export async function busyDatabase(): Promise<BusyDatabase> {
  const { pool, url } = await freshDatabase();
  const tag = randomUUID().slice(0, 8);
  const [victim, healer] = [`victim_${tag}`, `healer_${tag}`];
  await pool.query(`create role ${victim} login password 'victim'`);
  await pool.query(`create role ${healer} login password 'healer' in role pg_monitor, pg_signal_backend`);
  await pool.query(`create table items (v int); insert into items select generate_series(1, 100); grant all on items to public`);
  onTestFinished(() => dropRoles(victim, healer));
  process.env[`PASSWORD_${tag}`] = 'healer';

  const ended = new Set<pg.Client>();
  const sessions: pg.Client[] = [];
  onTestFinished(async () => void (await Promise.allSettled(sessions.map((client) => client.end()))));
  const { hostname, port, pathname } = new URL(url);
  const place = { host: hostname, port: Number(port), database: pathname.slice(1) };
  return {
    connection: {
      hosts: [hostname],
      port: Number(port),
      user: healer,
      database: pathname.slice(1),
      password: { env: `PASSWORD_${tag}` },
      role: 'primary',
    },
    victim,
    healer,
    owner: pool,
    ended: () => ended.size,
    session: async (application = 'shop', more) => {
      const client = new pg.Client({ ...place, user: victim, password: 'victim', application_name: application, ...more });
      client.on('error', () => void ended.add(client));
      await client.connect();
      sessions.push(client);
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
      return { client, pid: rows[0]?.pid ?? 0 };
    },
  };
}

async function dropRoles(...roles: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: inject('postgresUrl') });
  await client.connect();
  for (const role of roles) {
    await client.query(`select pg_terminate_backend(pid, 1000) from pg_stat_activity where usename = $1`, [role]);
    await client.query(`drop role ${role}`);
  }
  await client.end();
}

/** Ends when so many sessions of this database wait for a lock. */
export async function waiting({ owner }: BusyDatabase, sessions: number): Promise<void> {
  const count = async () => {
    const { rows } = await owner.query<{ count: number }>(
      `select count(*)::int from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
    );
    return rows[0]?.count;
  };
  await expect.poll(count, { interval: 20, timeout: 10_000 }).toBe(sessions);
}
