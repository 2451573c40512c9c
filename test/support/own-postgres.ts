import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '../../workers/stack/ports.js';
import { accountForPostgres, reachableBinaries } from '../../workers/stack/postgres-account.js';

/** A real PostgreSQL server of a test file's own, since what is changed in it holds for the whole server. */
export interface OwnPostgres {
  readonly port: number;
  readonly data: string;
  /** As its superuser, in database `postgres`. */
  readonly owner: pg.Pool;
  /** How many statements it has begun whose text matches, by its own log. */
  readonly began: (statement: RegExp) => Promise<number>;
  /** How many lines of its log match. */
  readonly logged: (line: RegExp) => Promise<number>;
  readonly promote: () => void;
  readonly stop: () => Promise<void>;
}

interface Place {
  readonly folder: string;
  readonly data: string;
  readonly port: number;
}

const account = () => accountForPostgres();

function run(program: string, ...args: string[]): void {
  execFileSync(join(reachableBinaries(account()), program), args, { stdio: 'ignore', cwd: '/', ...account() });
}

export async function ownPostgres(): Promise<OwnPostgres> {
  const place = await freshPlace();
  const password = join(place.folder, 'password');
  writeFileSync(password, 'hale', { mode: 0o644 });
  run('initdb', '--pgdata', place.data, '--username=hale', '--auth=scram-sha-256', `--pwfile=${password}`, '--no-sync');
  return start(place);
}

/** A primary and its replica, which differ by what ALTER SYSTEM and a promotion do to them alone. */
export async function ownPair(): Promise<{ readonly primary: OwnPostgres; readonly replica: OwnPostgres }> {
  const first = await ownPostgres();
  await first.stop();
  const place = await freshPlace();
  cpSync(first.data, place.data, { recursive: true });
  writeFileSync(join(place.data, 'standby.signal'), '');
  const upstream = `host=127.0.0.1 port=${first.port} user=hale password=hale`;
  writeFileSync(join(place.data, 'postgresql.auto.conf'), `primary_conninfo = '${upstream}'\n`);
  giveAway(place.folder);
  return { primary: start({ folder: join(first.data, '..'), data: first.data, port: first.port }), replica: start(place) };
}

async function freshPlace(): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'hale-postgres-'));
  giveAway(folder);
  return { folder, data: join(folder, 'data'), port: await freePort() };
}

function giveAway(folder: string): void {
  const to = account();
  if (to !== undefined) execFileSync('chown', ['-R', `${to.uid}:${to.gid}`, folder]);
}

function start({ folder, data, port }: Place): OwnPostgres {
  const log = join(folder, 'log');
  const options = `-p ${port} -k ${folder} -h 127.0.0.1 -c fsync=off -c log_statement=all`;
  run('pg_ctl', 'start', '--wait', '--pgdata', data, '--log', log, '--options', options);
  const owner = new pg.Pool({ connectionString: `postgres://hale:hale@127.0.0.1:${port}/postgres`, max: 3 });
  owner.on('error', () => undefined);
  return {
    port,
    data,
    owner,
    began: async (statement) => (await linesOf(log, owner)).filter((line) => line.includes('statement: ') && statement.test(line)).length,
    logged: async (wanted) => (await linesOf(log, owner)).filter((line) => wanted.test(line)).length,
    promote: () => run('pg_ctl', 'promote', '--wait', '--pgdata', data),
    stop: async () => {
      if (!owner.ended) await owner.end();
      run('pg_ctl', 'stop', '--pgdata', data, '--mode=fast');
    },
  };
}

export function removed(...servers: readonly OwnPostgres[]): void {
  for (const { data } of servers) rmSync(join(data, '..'), { recursive: true, force: true });
}

/** Each backend writes to one file: what was logged before this mark stands above it. */
async function linesOf(log: string, owner: pg.Pool): Promise<string[]> {
  const mark = randomUUID();
  await owner.query(`select '${mark}'`);
  const text = readFileSync(log, 'utf8');
  if (!text.includes(mark)) throw new Error('the log does not have the mark');
  return text.split('\n');
}
