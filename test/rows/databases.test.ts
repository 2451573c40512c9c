// Rows 36 to 42: what hale's own PostgreSQL, and one that it measures, may say or fail to say, over real sockets.
import { createServer } from 'node:net';
import pg from 'pg';
import { onTestFinished } from 'vitest';
import { migrate } from '../../adapters/postgres/database.js';
import { postgresLeases } from '../../adapters/postgres/leases.js';
import { listen as listenTo } from '../../adapters/postgres/listen.js';
import { sqlMeter } from '../../adapters/postgres-target/meter.js';
import { postgresProvider } from '../../adapters/postgres-target/provider.js';
import type { Reading } from '../../domain/reading.js';
import { busyDatabase } from '../support/busy-database.js';
import { freshDatabase } from '../support/database.js';
import { hale } from '../support/hale-command.js';
import { alert, intakeFile, shopService, webOn } from '../support/intake.js';
import { listen } from '../support/listen.js';
import { closed, shopConfigured, shopIncident } from '../support/recorded.js';
import { tcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { row, type Guard } from './table.js';

/** A server that says no to whoever connects, as PostgreSQL does it; with no code nobody listens there. */
async function refusing(code: string): Promise<number> {
  if (code === '') return 1;
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0Mthe server says ${code}\0\0`);
  const head = Buffer.alloc(5);
  head.write('E');
  head.writeInt32BE(fields.length + 4, 1);
  return listen(createServer((socket) => socket.once('data', () => socket.end(Buffer.concat([head, fields])))));
}

/** What people are told by a command while the database says this. */
const asked = async (): Promise<(code: string) => Promise<string>> => async (code) => {
  const database = `postgres://hale:hunter2@127.0.0.1:${await refusing(code)}/hale`;
  const { code: exit, stdout, stderr } = await hale(['stop', '--database', database]);
  return `${exit} ${stdout}${stderr}`.replaceAll('\n', ' ').trim();
};

const cannotBeUsed: Guard = ['adapters/postgres/read.ts', "can't be used: ${messageOf(error)}"];

row(36, 'socket', 'a database that refuses, starts up or is full is said to people, without its password', asked, [
  ['', /^5 (?!.*hunter2).*can't be used/, cannotBeUsed],
  ['57P03', /^5 (?!.*hunter2).*57P03/, cannotBeUsed],
  ['53300', /^5 (?!.*hunter2).*53300/, cannotBeUsed],
]);

type Line = 'lost commit' | 'sent again' | 'half-open';

/** Alerts are taken in over a line to the database that goes bad; the answers, and how many alerts there are then. */
const behindLine = async (): Promise<(line: Line) => Promise<string>> => {
  let proxy: TcpProxy | undefined;
  const web = await webOn(intakeFile(shopService), async (url) => {
    const { hostname, port } = new URL(url);
    proxy = await tcpProxy(hostname, Number(port));
    return url.replace(`:${port}/`, `:${proxy.port}/`);
  });
  await web.fire([]);
  const one = alert();
  return async (line) => {
    if (line === 'lost commit') proxy?.cutAfter('insert into alerts');
    if (line === 'sent again') proxy?.cutAfter('nothing any more');
    if (line === 'half-open') proxy?.stopAt('insert into alerts');
    const answer = await web.fire([line === 'half-open' ? alert({}, { pod: 'b' }) : one]);
    const { rows } = await web.pool.query<{ n: number }>('select count(*)::int as n from alerts');
    const wait = answer.headers.get('retry-after');
    return `${answer.status} ${answer.body.error?.code ?? `known ${answer.body.known}`}${wait ? ` retry after ${wait}` : ''}; ${rows[0]?.n} there`;
  };
};

const away: Guard = ['client/web/alerts.ts', "throw unavailable('databaseAway', 'the database does not answer in time"];
const sameKey: Guard = ['adapters/postgres/intake.ts', 'on conflict (key) do nothing returning 1'];

row<Line>(36, 'HTTP', 'an alert whose commit lost its answer is answered 503, and is there once when it is sent again', behindLine, [
  ['lost commit', /^503 databaseAway retry after 5; 1 there$/, away],
  ['sent again', /^200 known 1; 1 there$/, sameKey],
]);

/** A signal whose query ends in this error of PostgreSQL; what is read then. */
const measured = async (): Promise<(sql: string) => Promise<string>> => {
  const { connection } = await busyDatabase();
  return async (sql) => {
    const signal = {
      kind: 'sql' as const,
      name: 'up',
      sql,
      connection,
      everyMs: 1_000,
      timeoutMs: 400,
      perInstance: false,
      staleAfterMs: 9_000,
    };
    const [reading] = (await sqlMeter().read([{ service: 'shop', signal }], new AbortController().signal)) as readonly Reading[];
    return JSON.stringify(reading);
  };
};

const reasons: Guard = ['adapters/postgres-target/meter.ts', "if (code === '57014' || Date.now() - at >= timeoutMs) return 'timeout'"];

row(37, 'socket', 'a query that is cancelled or that PostgreSQL does not understand is no data, each by its name', measured, [
  ['select 1 from pg_sleep(60)', /"noData".*"timeout"/, reasons],
  ['select from nowhere', /"noData".*"malformed"/, ['adapters/postgres-target/meter.ts', "if (queryFaults.test(code)) return 'malformed'"]],
]);

/** A vacuum of a table on which somebody else sits; what becomes of it. */
const vacuumed = async (): Promise<(lock: string) => Promise<string>> => {
  const { owner, connection } = await busyDatabase();
  await owner.query('grant maintain on items to public');
  const action = {
    kind: 'postgres' as const,
    connection,
    statement: 'vacuum' as const,
    spare: { users: [], applications: [] },
    olderThanMs: 0,
    table: 'items',
  };
  const [provider, target] = [postgresProvider(), { service: 'shop', action, timeoutMs: 5_000 }];
  const before = await provider.image(target);
  const call = { ...target, actionId: 'cycle-1/1', fence: '1', before, abort: new AbortController().signal, permit: async () => undefined };
  return async (lock) => {
    const session = await owner.connect();
    onTestFinished(() => session.release(true));
    await session.query('begin');
    await session.query(`lock table items in ${lock} mode`);
    return provider.apply(call).then(
      () => 'done',
      (error: Error) => `${error.constructor.name}: ${error.message}`,
    );
  };
};

row(37, 'socket', 'what another session has locked is refused, and not queued for', vacuumed, [
  ['access exclusive', /^TargetRefused: .*(lock|busy)/i, ['adapters/postgres-target/errors.ts', "lockNotAvailable: '55P03'"]],
]);

/** The database as it is after this statement; what an alert is answered, and whether hale calls itself ready. */
const spoiled = async (): Promise<(statement: string) => Promise<string>> => async (statement) => {
  const web = await webOn();
  await web.fire([]);
  await web.pool.query(statement);
  const others = 'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()';
  await web.pool.query(others);
  const answer = await web.fire([alert()]);
  const ready = await fetch(`${web.url}/healthz`);
  return `${answer.status} ${answer.body.error?.code}; healthz ${ready.status}`;
};

const full = `create function full_disk() returns trigger language plpgsql as $$ begin raise exception using errcode = '53100'; end $$;
create trigger full_disk before insert on alerts for each statement execute function full_disk()`;
const ping: Guard = ['adapters/postgres/intake.ts', 'the database is read only'];

row(38, 'HTTP', 'what can not be kept is not said to be kept, and a database that takes nothing is not ready', spoiled, [
  [full, /^503 databaseAway; /, away],
  [
    `do $$ begin execute format('alter database %I set default_transaction_read_only = on', current_database()); end $$`,
    /^503 databaseAway; healthz 503$/,
    ping,
  ],
  ['alter table alerts rename to alerts_of_tomorrow', /^503 databaseAway; healthz 503$/, ping],
]);
row<Line>(38, 'socket', 'a line that went dead is given up in time', behindLine, [
  ['half-open', /^503 databaseAway retry after 5; 0 there$/, away],
]);

/** What the database says to a row with this in it. */
const written = async (): Promise<(sql: string) => Promise<string>> => {
  const { pool } = await freshDatabase();
  return async (sql) =>
    pool.query(sql).then(
      () => 'kept',
      ({ message, code }: pg.DatabaseError) => `${code} ${message}`,
    );
};

const alertAt = (at: string): string =>
  `insert into alerts (key, source, status, fingerprint, labels, annotations, starts_at) values ('k', 's', 'firing', 'f', '{}', '{}', '${at}')`;

row(39, 'socket', 'no time without an end gets into the database', written, [
  [
    alertAt('infinity'),
    /^23514 .*violates check constraint/,
    ['adapters/postgres/migrations/000008_intake.sql', 'starts_at timestamptz not null check (isfinite(starts_at))'],
  ],
  [
    alertAt('294277-01-01'),
    /^22008 .*out of range/,
    ['adapters/postgres/migrations/000008_intake.sql', 'starts_at timestamptz not null check (isfinite(starts_at))'],
  ],
]);

/** A lease by a clock of this worker that is wrong by so much: only the database's counts. */
const leased = async (): Promise<(wrongByMs: number) => Promise<string>> => {
  const { pool } = await freshDatabase();
  const leases = postgresLeases(pool);
  return async (wrongByMs) => {
    const real = Date.now;
    Date.now = () => real() + wrongByMs;
    try {
      const mine = await leases.acquire(`unit/${wrongByMs}`, 'cycle-1', 60_000);
      const other = await leases.acquire(`unit/${wrongByMs}`, 'cycle-2', 60_000);
      return `${mine.kind}, then ${other.kind}`;
    } finally {
      Date.now = real;
    }
  };
};

const serverTime: Guard = ['adapters/postgres/leases.ts', 'where l.holder = excluded.holder or l.expires_at <= clock_timestamp()'];

row(39, 'socket', 'a worker whose clock is wrong gets no lease that another one has', leased, [
  [600_000, /^held, then taken$/, serverTime],
  [-600_000, /^held, then taken$/, serverTime],
]);

row(40, 'socket', 'NUL gets into no JSON, and a number beyond all numbers is none', written, [
  [`select '{"a": "\\u0000"}'::jsonb`, /^22P05 /, ['contracts/intake/labels.ts', 'export const isText']],
]);
row(40, 'socket', 'a number beyond what JavaScript counts is measured as the nearest one, and NaN is missing', measured, [
  ["select 'NaN'::numeric", /"noData".*"notANumber"/, ['domain/detection/trust.ts', 'if (Number.isNaN(value)) return']],
  ['select 9007199254740993::bigint', /"value"/, ['adapters/postgres-target/meter.ts', "return textReading(typeof value === 'string'"]],
]);

/** Fences from here on; the one that is got, and whether it is held under exactly this number. */
const fenced = async (): Promise<(from: string) => Promise<string>> => {
  const { pool } = await freshDatabase();
  const leases = postgresLeases(pool);
  return async (from) => {
    await pool.query(`select setval('fences', ${from})`);
    const lease = await leases.acquire('unit/shop', 'cycle-1', 60_000);
    if (lease.kind !== 'held') return lease.kind;
    return `${lease.fence} ${await leases.holds('unit/shop', 'cycle-1', lease.fence, 0)} ${await leases.holds('unit/shop', 'cycle-1', from, 0)}`;
  };
};

row(40, 'socket', 'a fence beyond what JavaScript counts is still told from the one before', fenced, [
  ['9007199254740993', /^9007199254740994 true false$/, ['adapters/postgres/leases.ts', '  fence: string;']],
]);

/** A record that another version wrote; what the command says of it. */
const listed = async (): Promise<(outcome: string) => Promise<string>> => {
  const { pool, url } = await freshDatabase();
  const incident = await shopIncident(pool, await shopConfigured(pool));
  await closed(pool, incident, 'healed', 'all is well');
  return async (outcome) => {
    await pool.query('update incidents set outcome = $1', [outcome]);
    const { code, stdout, stderr } = await hale(['incidents', '--database', url]);
    return `${code} ${stdout}${stderr}`.replaceAll('\n', ' ');
  };
};

row(40, 'CLI', 'a word that a later version wrote is shown, and hides nothing else', listed, [
  ['teleported', /^0 .*inc-1 +shop +teleported/, ['client/cli/incidents.ts', "one.outcome ?? 'open'"]],
]);

/** Somebody who waits for news and whose line is cut; whether what was notified meanwhile is heard. */
const deaf = async (): Promise<(payload: string) => Promise<string>> => {
  const { pool } = await freshDatabase();
  const abort = new AbortController();
  let heard = 0;
  const listening = listenTo(pool, 'hale_alerts', () => (heard += 1), abort.signal);
  onTestFinished(async () => {
    abort.abort();
    await listening;
  });
  const until = async (count: number): Promise<void> => {
    while (heard < count) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  return async (payload) => {
    if (payload === '') {
      await until(1);
      await pool.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen%' and datname = current_database()",
      );
      await pool.query("select pg_notify('hale_alerts', '')");
      await until(2);
      return 'heard again';
    }
    return pool.query('select pg_notify($1, $2)', ['hale_alerts', payload]).then(
      () => 'notified',
      ({ message }: Error) => message,
    );
  };
};

row(41, 'socket', 'what was notified while nobody listened is looked for, and a notice carries nothing', deaf, [
  ['', /^heard again$/, ['adapters/postgres/listen.ts', '    heard();']],
  ['x'.repeat(8_001), /^payload string too long$/, ['adapters/postgres/intake.ts', "pg_notify('hale_alerts', '')"]],
]);

type Schema = 'twice at once' | 'half applied' | 'newer than this';

/** A database in this state is migrated; how that ends, and whether the tables are as before. */
const migrated = async (): Promise<(state: Schema) => Promise<string>> => async (state) => {
  const { pool, url } = await freshDatabase();
  const tables = async () => (await pool.query('select table_name, column_name from information_schema.columns order by 1, 2')).rows;
  const before = JSON.stringify(await tables());
  if (state === 'half applied') await pool.query('delete from migrations where id = (select max(id) from migrations)');
  if (state === 'newer than this') await pool.query("insert into migrations (name, run_on) values ('000999_of_tomorrow', now())");
  const both = await Promise.allSettled([migrate(url), state === 'twice at once' ? migrate(url) : undefined]);
  const [failed] = both.flatMap((one) => (one.status === 'rejected' ? [(one.reason as Error).message] : []));
  return `${failed ?? 'migrated'}; tables ${before === JSON.stringify(await tables()) ? 'as before' : 'changed'}`;
};

row<Schema>(42, 'socket', 'migrations wait for each other, are whole or not at all, and a newer schema is refused', migrated, [
  ['twice at once', /^migrated; tables as before$/, ['adapters/postgres/database.ts', "advisoryLockMode: 'wait'"]],
  ['half applied', /^.*already exists; tables as before$/, ['adapters/postgres/database.ts', 'await runner({']],
  [
    'newer than this',
    /^.*newer hale.*000999_of_tomorrow.*; tables as before$/,
    ['adapters/postgres/database.ts', 'which this version does not know'],
  ],
]);
