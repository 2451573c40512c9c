import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accountForPostgres } from '../../workers/stack/postgres-account.js';

const packages = '/usr/lib/postgresql';

/** The newest PostgreSQL that Debian installed here, undefined where there is none. */
export function debianPostgres(): string | undefined {
  const versions = existsSync(packages) ? readdirSync(packages).map(Number) : [];
  return versions.length === 0 ? undefined : join(packages, String(Math.max(...versions)), 'bin');
}

/** Starts a server with one empty database. */
export function startDebianPostgres(bin: string, port: number): { readonly url: string; readonly stop: () => void } {
  const account = accountForPostgres();
  const folder = mkdtempSync(join(tmpdir(), 'hale-debian-'));
  const run = (program: string, ...args: string[]): void => {
    execFileSync(join(bin, program), args, { stdio: 'ignore', cwd: '/', ...account });
  };
  if (account) execFileSync('chown', [`${account.uid}:${account.gid}`, folder]);
  const data = join(folder, 'data');
  run('initdb', `--pgdata=${data}`, '--username=hale', '--auth=trust');
  run('pg_ctl', 'start', '--wait', '--pgdata', data, '--log', join(folder, 'log'), '--options', `-p ${port} -k ${folder} -h 127.0.0.1`);
  return {
    url: `postgres://hale@127.0.0.1:${port}/postgres`,
    stop: () => {
      run('pg_ctl', 'stop', '--pgdata', data, '--mode=immediate');
      rmSync(folder, { recursive: true });
    },
  };
}
