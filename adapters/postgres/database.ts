import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import pg from 'pg';

/** Anything that runs a query: the pool, or one connection inside a transaction. */
export type Queries = Pick<pg.Pool | pg.PoolClient, 'query'>;

/** Host and name of a database for people, without user and password; undefined where the URL is none, as one with a bare `/` or `@` in its password. */
export function placeOf(url: string): string | undefined {
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) return undefined;
  const { host, pathname } = new URL(url);
  return pathname.includes('@') ? undefined : `${host}${pathname}`;
}

/** A pool whose queries can't hang: what is not answered in time fails, and inaction is safe. */
export function openDatabase(url: string, connectionsMax = 10, answerMs = 10_000): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: connectionsMax,
    connectionTimeoutMillis: Math.min(5_000, answerMs),
    query_timeout: answerMs,
    statement_timeout: answerMs,
    keepAlive: true,
    application_name: 'hale',
  });
  // An idle connection that breaks is replaced by the pool; one that somebody uses fails their next query. Without listeners
  // either would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => void client.on('error', () => undefined));
  return pool;
}

/** Runs `work` in one transaction on one connection; what it throws rolls back. */
export async function transaction<T>(pool: pg.Pool, work: (queries: Queries) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    client.release();
    return result;
  } catch (error) {
    await client.query('rollback').then(
      () => client.release(),
      (broken: Error) => client.release(broken),
    );
    throw error;
  }
}

const migrations = fileURLToPath(new URL('./migrations', import.meta.url));

/**
 * Brings the schema up to this code's version, under a lock, each migration in its own transaction. Throws where a newer hale
 * was here: what this one would write there may mean something else by now.
 */
export async function migrate(url: string): Promise<void> {
  await refuseNewer(url);
  await runner({
    databaseUrl: url,
    dir: migrations,
    migrationsTable: 'migrations',
    direction: 'up',
    checkOrder: true,
    advisoryLockMode: 'wait',
    log: () => undefined,
  });
}

async function refuseNewer(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const table = await client.query("select from pg_class where oid = to_regclass('migrations')");
    if (table.rowCount === 0) return;
    const { rows } = await client.query<{ name: string }>('select name from migrations order by name');
    const known = new Set(readdirSync(migrations).map((file) => file.replace(/\.sql$/, '')));
    const newer = rows.find(({ name }) => !known.has(name));
    if (newer !== undefined)
      throw new Error(`the database was used by a newer hale: it has ${newer.name}, which this version does not know; take a newer hale`);
  } finally {
    await client.end();
  }
}

/** SQL keeps `-` where an instance is absent, so that it may be part of a key. */
export const instanceKey = (instance: string | undefined): string => instance ?? '-';

export const instanceOf = (key: string): { instance?: string } => (key === '-' ? {} : { instance: key });
