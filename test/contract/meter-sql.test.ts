import { createServer } from 'node:net';
import { expect, inject, test } from 'vitest';
import { sqlMeter } from '../../adapters/postgres-target/meter.js';
import type { SqlConnection } from '../../domain/service.js';
import { freshDatabase } from '../support/database.js';
import { listen } from '../support/listen.js';

const base = { name: 'blocked', everyMs: 1_000, perInstance: false, staleAfterMs: 5_000 };

/** The tests' own PostgreSQL as a signal's connection. */
function connection(changed: Partial<SqlConnection> = {}): SqlConnection {
  const { hostname, port, username, pathname } = new URL(inject('postgresUrl'));
  process.env.HALE_TEST_PASSWORD = 'hale';
  const password = { env: 'HALE_TEST_PASSWORD' };
  return { hosts: [hostname], port: Number(port), user: username, database: pathname.slice(1), role: 'primary', password, ...changed };
}

async function read(sql: string, changed: Partial<SqlConnection> = {}, timeoutMs = 5_000) {
  const signal = { kind: 'sql' as const, ...base, connection: connection(changed), sql, timeoutMs };
  const [reading] = await sqlMeter().read([{ service: 'shop', signal }], new AbortController().signal);
  return reading;
}

test.each([
  ['select 1.5::float8', 1.5],
  ['select count(*) from generate_series(1, 3)', 3],
  ['select 12345678.25::numeric', 12345678.25],
  ['select true', 1],
])('a query of one row and column gives its number: %s', async (sql, value) => {
  expect(await read(sql)).toMatchObject({ kind: 'value', value });
});

test.each([
  ["select 'NaN'::float8", { kind: 'noData', reason: 'notANumber' }],
  ["select 'NaN'::numeric", { kind: 'noData', reason: 'notANumber' }],
  ["select '-Infinity'::numeric", { kind: 'unbounded', sign: -1 }],
  ["select 'Infinity'::float8", { kind: 'unbounded', sign: 1 }],
])('row 27: no infinity of SQL becomes a number: %s', async (sql, expected) => {
  expect(await read(sql)).toMatchObject(expected);
});

test.each([
  ['select 1 where false', 'absent'],
  ['select null', 'absent'],
  ['select 1 union all select 2', 'ambiguous'],
  ['select 1, 2', 'ambiguous'],
  ["select 'many'", 'malformed'],
  ['select from', 'malformed'],
])('what is not one number in one row is no data: %s', async (sql, reason) => {
  expect(await read(sql)).toMatchObject({ kind: 'noData', reason });
});

test('a signal can not write', async () => {
  const { pool, url } = await freshDatabase();
  const database = new URL(url).pathname.slice(1);
  expect(await read("with x as (insert into settings values ('x', '1', 'x') returning 1) select 1 from x", { database })).toMatchObject({
    kind: 'noData',
    reason: 'malformed',
  });
  expect((await pool.query('select from settings')).rowCount).toBe(0);
});

test('a slow query ends with its time-out, on the server too', async () => {
  const { pool, url } = await freshDatabase();
  const database = new URL(url).pathname.slice(1);
  expect(await read('select 1 from pg_sleep(60)', { database }, 400)).toMatchObject({ kind: 'noData', reason: 'timeout' });
  const running = "select from pg_stat_activity where datname = current_database() and query like 'select 1 from pg_sleep%'";
  await expect.poll(async () => (await pool.query(running)).rowCount, { timeout: 3_000 }).toBe(0);
});

test.each([
  ['in another role', { role: 'replica' as const }],
  ['that refuses the connection', { port: 1 }],
  ['without the password', { password: { env: 'HALE_NO_SUCH_PASSWORD' } }],
])('a server %s is a source that is not available', async (_, changed) => {
  expect(await read('select 1', changed)).toMatchObject({ kind: 'noData', reason: 'sourceUnavailable' });
});

test('row 34: a server that accepts and says nothing costs its time-out', async () => {
  const port = await listen(createServer(() => undefined));
  const started = Date.now();
  expect(await read('select 1', { port }, 500)).toMatchObject({
    kind: 'noData',
    reason: expect.stringMatching('timeout|sourceUnavailable'),
  });
  expect(Date.now() - started).toBeLessThan(2_000);
});
