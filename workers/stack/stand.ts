import pg from 'pg';
import { placeOf } from '../../adapters/postgres/database.js';
import { CannotStart } from './cannot-start.js';
import type { Report } from './kept.js';
import type { Options } from './options.js';
import { choosePorts } from './ports.js';
import { embeddedPostgres } from './postgres.js';
import { isRunning } from './process-identity.js';
import type { RunFile } from './run-file.js';
import { embeddedTemporal } from './temporal.js';
import { checkTemporal, embeddedTarget, externalTarget, type Environment, type TemporalTarget } from './temporal-target.js';
import { temporalCli } from './tools.js';
import type { Tree } from './tree.js';

/** What hale stands on: a database and a Temporal server, its own or the ones it was given. */
export interface Stand {
  readonly databaseUrl: string;
  readonly temporal: TemporalTarget;
  readonly webPort: number;
}

/** Starts what was not given and checks what was. Throws CannotStart, naming what is missing and the way out. */
export async function takeStand(options: Options, runFile: RunFile, tree: Tree, env: Environment, report: Report): Promise<Stand> {
  const ports = await choosePorts(options.state, options.port, portsOfOrphans(runFile));
  const postgres = options.database === undefined ? embeddedPostgres(options.state, ports.postgres) : undefined;
  const temporal = options.temporal === undefined ? embeddedTemporal(options.state, temporalCli(), ports, options.openPayloads) : undefined;
  const own = [postgres?.part, temporal].filter((part) => part !== undefined);
  if (own.length > 0) report(`starting ${own.map(({ role }) => role).join(' and ')}`);
  await tree.start(...own);

  const target =
    options.temporal === undefined ? embeddedTarget(options.state, ports.temporal, ports.ui, env) : externalTarget(options.temporal, env);
  const databaseUrl = postgres?.url ?? options.database ?? '';
  await Promise.all([checkTemporal(target), checkDatabase(databaseUrl)]);
  const { address, namespace, ui } = target;
  runFile.update({ temporal: { address, namespace, ui }, database: { url: databaseUrl } });
  return { databaseUrl, temporal: target, webPort: ports.web };
}

/** Ports that only look busy: those of servers which an earlier, killed hale left and this one takes over. */
function portsOfOrphans(runFile: RunFile): ReadonlySet<number> {
  const { temporal, database, web } = runFile.run;
  const urls: string[] = [];
  if (isLeft(runFile, 'temporal') && temporal) urls.push(`http://${temporal.address}`, temporal.ui ?? '');
  if (isLeft(runFile, 'postgres') && database) urls.push(database.url);
  if (isLeft(runFile, 'web')) urls.push(web.url ?? '');
  return new Set(urls.filter((url) => URL.canParse(url)).map((url) => Number(new URL(url).port)));
}

function isLeft(runFile: RunFile, role: string): boolean {
  const process = runFile.processOf(role);
  return process !== undefined && isRunning(process);
}

async function checkDatabase(url: string): Promise<void> {
  const place = placeOf(url);
  if (place === undefined)
    throw new CannotStart(
      '--database is no URL of PostgreSQL (not shown: its password may be in it), for example postgres://hale:secret@db.example:5432/hale; ' +
        'in a password / is written %2F, @ %40 and # %23.',
      2,
    );
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    throw new CannotStart(
      `PostgreSQL can't be used at ${place} (${(error as Error).message}). ` +
        'Check host, user, password and that the database exists, or leave --database out and hale runs its own.',
      5,
    );
  } finally {
    await client.end().catch(() => undefined);
  }
}
