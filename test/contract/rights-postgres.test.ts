// What doctor is told by a real PostgreSQL about hale's role there.
import { createServer } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { asked } from '../support/asked.js';
import { debianPostgres, startDebianPostgres } from '../support/debian-postgres.js';
import { listen } from '../support/listen.js';
import { ownPostgres, removed, type OwnPostgres } from '../support/own-postgres.js';
import { freePort } from '../../workers/stack/ports.js';

let server: OwnPostgres;
let where: string;
beforeAll(async () => {
  server = await ownPostgres();
  where = `postgres://healer@127.0.0.1:${server.port}/postgres`;
  process.env.PASSWORD_OF_HEALER = 'healer';
});
afterAll(async () => {
  await server.stop();
  removed(server);
});

const corrections = `
      end: {postgres: terminateRootBlocker, mode: act}
      memory: {postgres: setting, name: work_mem, value: 64MB, mode: ask}
      tidy: {postgres: vacuum, table: public.orders, mode: act}
      slot: {postgres: dropSlot, slot: old, retains: 1GB, olderThan: 1h, mode: ask}`;

const at = (port: number, what = corrections) => `secrets: {pg: {env: PASSWORD_OF_HEALER}}
services:
  pg:
    target: {postgres: [127.0.0.1], port: ${port}, user: healer, password: pg}
    corrections:${what}
`;

const needed = [
  'grant pg_monitor to healer',
  'grant pg_signal_backend to healer',
  'grant alter system on parameter work_mem to healer',
  'grant execute on function pg_reload_conf() to healer',
  'grant execute on function pg_show_all_file_settings() to healer',
  'grant select on pg_file_settings to healer',
  'grant maintain on table public.orders to healer',
  'alter role healer replication',
];

/** The role anew, granted this and nothing else. */
async function granted(...lines: readonly string[]): Promise<void> {
  const { owner } = server;
  await owner.query('drop table if exists public.orders; create table public.orders (id int)');
  const { rowCount } = await owner.query(`select from pg_roles where rolname = 'healer'`);
  if (rowCount === 1) await owner.query('drop owned by healer; drop role healer');
  await owner.query(`create role healer login password 'healer'`);
  for (const line of lines) await owner.query(line);
}

it('a role with every grant that is printed has what it needs', async () => {
  await granted(...needed);
  expect(await asked(at(server.port))).toEqual([`ok ${where}: hale has 8 rights that it needs`]);
});

it.each(needed)('a role without one grant is told that one, to be run, and for what: %s', async (one) => {
  await granted(...needed.filter((line) => line !== one));
  const [ok, missing, ...others] = await asked(at(server.port));
  expect(ok).toBe(`ok ${where}: hale has 7 rights that it needs`);
  expect(missing).toMatch(new RegExp(`^trouble ${where}: a grant is missing for pg/`));
  expect(missing?.split(' > ')[1]).toBe(`${one};`);
  expect(others).toEqual([]);
});

it('what a correction needs is said with that correction alone', async () => {
  await granted('grant pg_monitor to healer');
  const [, missing] = await asked(at(server.port, '\n      end: {postgres: cancelQuery, mode: act}'));
  expect(missing).toBe(`trouble ${where}: a grant is missing for pg/end > grant pg_signal_backend to healer;`);
});

it('a superuser may too much', async () => {
  await granted('alter role healer superuser');
  expect(await asked(at(server.port))).toEqual([
    `ok ${where}: hale has 8 rights that it needs`,
    `warning ${where}: more than the corrections need: healer is a superuser > alter role healer nosuperuser;`,
  ]);
});

it('attributes and memberships that nothing needs are too much', async () => {
  await granted(...needed, 'alter role healer createrole', 'grant pg_write_all_data to healer');
  expect(await asked(at(server.port))).toEqual([
    `ok ${where}: hale has 8 rights that it needs`,
    `warning ${where}: more than the corrections need: healer has the attribute createrole > alter role healer nocreaterole;`,
    `warning ${where}: more than the corrections need: healer is a member of pg_write_all_data > revoke pg_write_all_data from healer;`,
  ]);
});

it('parameters that nothing needs to set are too much, also where everybody may', async () => {
  await granted(
    ...needed,
    'grant alter system on parameter archive_command to healer',
    'grant set on parameter session_replication_role, work_mem to healer',
    'grant alter system on parameter log_min_messages to public',
  );
  onTestFinished(() => void server.owner.query('revoke alter system on parameter log_min_messages from public'));
  const warned = (what: string, whom = 'healer') =>
    `warning ${where}: more than the corrections need: healer may ${what} > revoke ${what} from ${whom};`;
  const lines = await asked(at(server.port));
  expect(lines).toEqual([
    `ok ${where}: hale has 8 rights that it needs`,
    warned('alter system on parameter archive_command'),
    warned('alter system on parameter log_min_messages', 'public'),
    warned('set on parameter session_replication_role'),
    warned('set on parameter work_mem'),
  ]);
  for (const line of lines.slice(1)) await server.owner.query(line.split(' > ')[1] ?? '');
  expect(await asked(at(server.port))).toEqual([`ok ${where}: hale has 8 rights that it needs`]);
});

it('functions of the server that not everybody may call, and what the role owns, are too much', async () => {
  await granted(
    ...needed,
    'grant execute on function pg_read_file(text), now() to healer',
    'create schema healers authorization healer',
    'alter table public.orders owner to healer',
  );
  const lines = await asked(at(server.port));
  expect(lines).toEqual([
    `ok ${where}: hale has 8 rights that it needs`,
    `warning ${where}: more than the corrections need: healer may execute function pg_read_file(text) > revoke execute on function pg_read_file(text) from healer;`,
    `warning ${where}: more than the corrections need: healer owns schema healers, table orders`,
  ]);
});

it.each(['no-table', 'a.b.c.d', 'other.public.orders'])(
  'a table that can not be there, as after a slot was filled, blinds nobody to the rest: %s',
  async (service) => {
    await granted(...needed);
    const lines = await asked(at(server.port, corrections.replace('public.orders', '$service')).replace('  pg:', `  ${service}:`));
    expect(lines[0]).toBe(`ok ${where}: hale has 7 rights that it needs`);
    expect(lines.slice(1)).toEqual([
      expect.stringMatching(/^unknown .*this server knows no table .* \(key table\), or is too old for it: grant maintain/),
    ]);
  },
);

it('what the role needs in another database of the server is not too much in this one', async () => {
  await granted(...needed.filter((line) => !line.includes('maintain')));
  const other = at(server.port, '\n      end: {postgres: cancelQuery, mode: act}').replace(
    'password: pg}',
    'password: pg, database: template1}',
  );
  const slot = `  slots:
    target: {postgres: [127.0.0.1], port: ${server.port}, user: healer, password: pg}
    corrections:
      slot: {postgres: dropSlot, slot: old, retains: 1GB, olderThan: 1h, mode: ask}
      memory: {postgres: setting, name: WORK_MEM, value: 64MB, mode: ask}
`;
  expect(await asked(other + slot)).toEqual([
    `ok ${where}: hale has 6 rights that it needs`,
    `ok ${where.replace(/postgres$/, 'template1')}: hale has 2 rights that it needs`,
  ]);
});

it('a table that is not there is unknown, and not granted', async () => {
  await granted(...needed);
  await server.owner.query('drop table public.orders');
  expect(await asked(at(server.port, '\n      tidy: {postgres: vacuum, table: public.orders, mode: act}'))).toContain(
    `unknown ${where}: this server knows no table public.orders (key table), or is too old for it: grant maintain on table public.orders to healer;`,
  );
});

it('a table is granted by its name as SQL reads it', async () => {
  await server.owner.query('create table if not exists public."Order Items" (id int)');
  const file = at(server.port, `\n      tidy: {postgres: vacuum, table: 'Public."Order Items"', mode: act}`);
  await granted('grant pg_monitor to healer');
  const grant = 'grant maintain on table public."Order Items" to healer';
  expect((await asked(file)).join('\n')).toContain(`${grant};`);
  await granted('grant pg_monitor to healer', grant);
  expect(await asked(file)).toEqual([`ok ${where}: hale has 2 rights that it needs`]);
});

it('a server that never answers is given up, and delays no other', async () => {
  await granted('grant pg_monitor to healer', 'grant pg_signal_backend to healer');
  const silent = createServer();
  const port = await listen(silent);
  onTestFinished(() => void silent.close());
  const both = `${at(server.port, '\n      end: {postgres: cancelQuery, mode: act}')}  mute:
    target: {postgres: [127.0.0.1], port: ${port}, user: healer, password: pg}
    corrections: {end: {postgres: cancelQuery, mode: act}}
`;
  const lines = await asked(both, { bounds: { eachMs: 1_000, allMs: 10_000 } });
  expect(lines).toContain(`ok ${where}: hale has 2 rights that it needs`);
  expect(lines.find((line) => line.includes(`:${port}/`))).toMatch(/^unknown .*PostgreSQL did not answer within 1000 ms/);
});

it('a secret that is not here is said, and nothing is taken for granted', async () => {
  const lines = await asked(at(server.port).replace('PASSWORD_OF_HEALER', 'NOT_SET_HERE'));
  expect(lines).toEqual([
    expect.stringMatching(/^unknown .*the environment variable NOT_SET_HERE with the secret is not set: grant pg_monitor/),
  ]);
});

it('before PostgreSQL 17 a member of its owner may vacuum a table, which is not too much', async ({ skip }) => {
  const bin = debianPostgres();
  if (bin === undefined || !/\/1[456]\//.test(bin)) return skip('no PostgreSQL older than 17 under /usr/lib/postgresql');
  const port = await freePort();
  const { url, stop } = startDebianPostgres(bin, port);
  onTestFinished(stop);
  const client = new pg.Client(url);
  onTestFinished(() => client.end());
  await client.connect();
  await client.query(`create role shop; create role healer login; grant pg_monitor, shop to healer; create table orders (id int)`);
  const vacuum = at(port, '\n      tidy: {postgres: vacuum, table: orders, mode: act}');
  expect(await asked(vacuum)).toContainEqual(expect.stringMatching(/^unknown .*knows no table orders \(key table\), or is too old for it/));
  await client.query('alter table orders owner to shop');
  const both = '\n      tidy: {postgres: vacuum, table: $service, mode: act}\n      end: {postgres: cancelQuery, mode: act}';
  const wrong = at(port, both).replace('  pg:', '  a.b.c.d:');
  expect(await asked(wrong)).toContainEqual(
    expect.stringMatching(/^trouble .*a grant is missing for a\.b\.c\.d\/end > grant pg_signal_backend/),
  );
  const elsewhere = `${vacuum}  end:
    target: {postgres: [127.0.0.1], port: ${port}, user: healer, password: pg, database: template1}
    corrections: {end: {postgres: cancelQuery, mode: act}}
`;
  expect((await asked(elsewhere)).filter((line) => line.startsWith('warning'))).toEqual([]);
  expect(await asked(vacuum)).toEqual([`ok postgres://healer@127.0.0.1:${port}/postgres: hale has 2 rights that it needs`]);
});
