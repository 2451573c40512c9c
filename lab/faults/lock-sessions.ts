/** The two sessions behind `lock-queue`. Started as `lock-sessions.js SITE_FOLDER`; says when the second one waits. */
import pg from 'pg';
import { loadSite } from '../site/site.js';

const { database, ports, table } = await loadSite(process.argv[2] ?? '');

async function session(user: string, application: string): Promise<pg.Client> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port: ports.database,
    database: database.name,
    user,
    password: database.password,
    application_name: application,
  });
  client.on('error', () => undefined); // It is ended from outside: that is the repair.
  await client.connect();
  return client;
}

async function untilWaiting(): Promise<void> {
  const waiting = `select 1 from pg_stat_activity where application_name = 'schema-change' and cardinality(pg_blocking_pids(pid)) > 0`;
  const watcher = await session(database.owner, 'lab');
  while ((await watcher.query(waiting)).rowCount === 0) await new Promise((again) => setTimeout(again, 10));
  await watcher.end();
}

const report = await session(database.analyst, 'report');
await report.query('begin');
await report.query(`select count(*) from ${table}`);

const change = await session(database.owner, 'schema-change');
const changed = change.query(`alter table ${table} add column if not exists note text`).catch(() => undefined);
await untilWaiting();
process.send?.('waiting');

await changed;
await Promise.allSettled([change.end(), report.end()]);
process.exit(0);
