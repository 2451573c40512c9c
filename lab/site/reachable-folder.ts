import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

const shared = '/var/lib/hale';

/**
 * Where PostgreSQL keeps its data. As root it runs as another user, who may not be let into the folder's parents, as in
 * root's own home: then the data lie elsewhere, and `folder` becomes a link to them.
 */
export function reachableFolder(folder: string): string {
  if (existsSync(folder)) return realpathSync(folder);
  if (process.getuid?.() !== 0 || canEnter(dirname(folder))) return folder;
  mkdirSync(shared, { recursive: true, mode: 0o755 });
  symlinkSync(mkdtempSync(join(shared, 'lab-')), folder);
  return realpathSync(folder);
}

function canEnter(folder: string): boolean {
  const nobody = { uid: 65_534, gid: 65_534, cwd: '/' };
  return spawnSync('/bin/sh', ['-c', 'test -x "$0"', folder], nobody).status === 0;
}
