import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, readFileSync, readdirSync, readlinkSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import pg from 'pg';
import { CannotStart } from './cannot-start.js';
import type { Part } from './kept.js';
import { accountForPostgres, emptyDataFolder, reachableBinaries, type Account } from './postgres-account.js';
import { end, identify } from './process-identity.js';
import { writePrivately } from './run-file.js';
import { spawnLogged } from './spawn.js';

/**
 * PostgreSQL from npm, its data under the state folder, on loopback only, behind a generated password. Makes the data
 * when they are not there yet; a kill at any moment leaves either no data or whole ones.
 */
export function embeddedPostgres(state: string, port: number): { readonly part: Part; readonly url: string } {
  const account = accountForPostgres();
  const bin = reachableBinaries(account);
  const password = passwordOf(state);
  if (!existsSync(join(state, 'postgres'))) initialise(state, bin, account, password);
  const data = realpathSync(join(state, 'postgres'));
  const server = `postgres://hale:${password}@127.0.0.1:${port}`;
  const logFile = join(state, 'logs', 'postgres.log');
  const part: Part = {
    role: 'postgres',
    logFile,
    endWith: 'SIGINT', // "fast": ends sessions, then writes everything down.
    graceMs: 20_000,
    adoptable: true,
    isReady: () => hasDatabase(`${server}/postgres`),
    launch: async () => {
      await endForgottenServer(data);
      return spawnLogged({ command: join(bin, 'postgres'), args: serverArgs(data, port), logFile, ...(account && { account }) });
    },
  };
  return { part, url: `${server}/hale` };
}

const serverArgs = (data: string, port: number): string[] => {
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=200'];
  return ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])];
};

/** Generated once per state folder, in a file that only its owner can read. */
function passwordOf(state: string): string {
  const file = join(state, 'postgres.password');
  if (!existsSync(file)) writePrivately(file, randomBytes(24).toString('hex'));
  return readFileSync(file, 'utf8').trim();
}

/** The link state/postgres is made last, so that an interrupted initdb counts as none. */
function initialise(state: string, bin: string, account: Account | undefined, password: string): void {
  for (const name of readdirSync(state)) {
    if (name.startsWith('postgres-')) rmSync(join(state, name), { recursive: true });
  }
  const folder = emptyDataFolder(state, account);
  const flags = ['--username=hale', '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-instructions'];
  const passwordFile = `${folder}.password`;
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (account) chownSync(passwordFile, account.uid, account.gid);
  const made = spawnSync(join(bin, 'initdb'), [`--pgdata=${folder}`, `--pwfile=${passwordFile}`, ...flags], {
    encoding: 'utf8',
    ...(account && { ...account, cwd: '/' }),
  });
  rmSync(passwordFile);
  if (made.status !== 0) {
    throw new CannotStart(`PostgreSQL's data folder ${folder} could not be made: ${made.error?.message ?? made.stderr}`);
  }
  symlinkSync(dirname(folder) === state ? basename(folder) : folder, join(state, 'postgres'));
}

/**
 * A server that run.json does not know, because hale was killed in the instant between starting it and writing that
 * down, would hold the data for ever. And a lock whose pid now belongs to another program, as after a container's
 * restart, must not keep the server from starting.
 */
async function endForgottenServer(data: string): Promise<void> {
  const lock = join(data, 'postmaster.pid');
  if (!existsSync(lock)) return;
  const holder = identify(Number(readFileSync(lock, 'utf8').split('\n')[0]));
  if (holder === undefined) return;
  if (basename(holder.executable) !== 'postgres') rmSync(lock);
  else if (worksIn(holder.pid) === data) await end(holder, 'SIGINT', 20_000);
}

function worksIn(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

/** Whether the server answers; makes hale's database where it is missing. */
async function hasDatabase(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000, query_timeout: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rowCount } = await client.query("select from pg_database where datname = 'hale'");
    if (rowCount === 0) await client.query('create database hale');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
