import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { TargetRefused } from '../../domain/failure.js';
import type { SqlConnection } from '../../domain/service.js';
import { secretOf } from '../../secrets/read.js';

export interface Limits {
  readonly timeoutMs: number;
  readonly abort?: AbortSignal;
}

/** How long a statement of ours waits for a lock before it gives up: a healer must not become part of the queue. */
const lockTimeoutMs = 2_000;
const connectTimeoutMs = 3_000;

/**
 * Runs `work` on a session with the first host that answers in the wanted role. Throws `TargetRefused` when there is none,
 * because then nothing was done. Beyond the limits the connection is cut, which leaves open what the server makes of it.
 */
export async function inSession<T>(
  connection: SqlConnection,
  { timeoutMs, abort }: Limits,
  work: (session: pg.Client) => Promise<T>,
): Promise<T> {
  const time = AbortSignal.timeout(timeoutMs);
  const over = abort === undefined ? time : AbortSignal.any([time, abort]);
  const why = () => (time.aborted ? `PostgreSQL did not answer within ${timeoutMs} ms` : 'the call to PostgreSQL was called off');
  const session = await unless(over, () => new TargetRefused(why()), firstInRole(connection, timeoutMs, over));
  try {
    return await unless(over, () => new Error(why()), work(session));
  } finally {
    // A session that is still busy is ended by cutting its connection, so there is nothing to wait for.
    void session.end().catch(() => undefined);
  }
}

async function firstInRole(connection: SqlConnection, timeoutMs: number, over: AbortSignal): Promise<pg.Client> {
  const refusals: string[] = [];
  for (const host of connection.hosts) {
    try {
      return await open(connection, host, timeoutMs, over);
    } catch (error) {
      refusals.push(`${host}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new TargetRefused(`no PostgreSQL to act on: ${refusals.join('; ')}`);
}

async function open(connection: SqlConnection, host: string, timeoutMs: number, over: AbortSignal): Promise<pg.Client> {
  const { port, user, database, password, role, tls } = connection;
  const session = new pg.Client({
    host,
    port,
    user,
    database,
    ...(password === undefined ? {} : { password: await secretOf(password) }),
    ...(tls === undefined ? {} : { ssl: tls === true || { ca: await readFile(tls, 'utf8') } }),
    connectionTimeoutMillis: Math.min(timeoutMs, connectTimeoutMs),
    application_name: 'hale',
  });
  // A connection that breaks fails the query that waits for it; without a listener it would end the process as well.
  session.on('error', () => undefined);
  try {
    await session.connect();
    if (!isIn(role, await bounded(session, timeoutMs))) throw new Error(`it is no ${role}`);
    // Whoever asked has given up meanwhile: nobody would end this session.
    over.throwIfAborted();
    return session;
  } catch (error) {
    void session.end().catch(() => undefined);
    throw error;
  }
}

/** Limits that come with the connection could not be told from the server's own, nor reset to those. */
async function bounded(session: pg.Client, timeoutMs: number): Promise<{ readonly replica: boolean }> {
  const { rows } = await session.query<{ replica: boolean }>(
    `select pg_is_in_recovery() as replica, set_config('statement_timeout', $1, false), set_config('lock_timeout', $2, false)`,
    [String(timeoutMs), String(lockTimeoutMs)],
  );
  return { replica: rows[0]?.replica === true };
}

const isIn = (role: SqlConnection['role'], { replica }: { readonly replica: boolean }): boolean =>
  role === 'any' || replica === (role === 'replica');

/** The work, or the failure as soon as `over` says so; what the work then still answers is heard by nobody. */
function unless<T>(over: AbortSignal, failure: () => Error, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const give = () => reject(failure());
    if (over.aborted) give();
    over.addEventListener('abort', give, { once: true });
    void work.then(resolve, reject).finally(() => over.removeEventListener('abort', give));
  });
}
