import { createHash } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Commands, Provider } from '../../activities/ports.js';
import type { Image } from '../../domain/effect.js';
import { TargetRefused } from '../../domain/failure.js';
import type { Action } from '../../domain/service.js';
import { restoringProvider, type Goal, type Restorable } from './restoring.js';

type FileAction = Extract<Action, { kind: 'file' }>;

/** Larger files are data, not configuration: their bytes don't belong into a before-image. */
const bytesMax = 1024 * 1024;

/** Restores a file's last known good bytes, mode and owner. */
export const fileProvider = (commands: Commands): Provider<FileAction> => restoringProvider(file, commands);

const file: Restorable<FileAction> = {
  kind: 'file',
  pathOf: (action) => action.path,
  look: lookAtFile,
  goalOf,
  obstacle: (_action, before, goal) => {
    if (typeof before.content.unkept === 'string') return before.content.unkept;
    return typeof goal.content.bytes === 'string' ? undefined : `its last known good state can't be restored: ${goal.summary}`;
  },
  swapTo: (path, from, to) => ({
    path: realPath(path),
    isUnchanged: () => lookAtFile(path).identity === from.identity,
    stage: to.identity === absent ? undefined : (temporary) => writeCopy(temporary, to),
  }),
};

const absent = 'absent';

/** Follows symbolic links. Reads at once, not in the background: nothing may come between comparing and renaming. */
function lookAtFile(path: string): Image {
  const name = basename(path);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return { identity: absent, summary: `there is no ${name}`, content: {} };
  if (!stats.isFile()) return other(stats, `${name} is not a regular file`);
  if (stats.size > bytesMax) return other(stats, `${name} has ${stats.size} bytes, more than the ${bytesMax} that are kept for an undo`);
  const bytes = readFileSync(path);
  const hash = createHash('sha256').update(bytes).digest('hex');
  const mode = stats.mode & 0o7777;
  const { uid, gid, ctimeMs } = stats;
  return {
    identity: `${hash} ${mode.toString(8)} ${uid}:${gid}`,
    summary: `${name}, ${bytes.length} bytes, sha256 ${hash.slice(0, 8)}, since ${stats.ctime.toISOString()}${linksOf(stats)}`,
    content: { bytes: bytes.toString('base64'), mode, uid, gid, changedAt: ctimeMs },
  };
}

const linksOf = ({ nlink }: Stats): string => (nlink > 1 ? `, with ${nlink - 1} more hard links that would keep the old bytes` : '');

const other = ({ ino, size, mtimeMs }: Stats, why: string): Image => ({
  identity: `unkept ${ino} ${size} ${mtimeMs}`,
  summary: why,
  content: { unkept: why },
});

function goalOf(_action: FileAction, before: Image, good: Image | undefined): Goal {
  if (good === undefined) return { kind: 'none', reason: 'no good version of it was seen yet' };
  if (good.identity === before.identity) return { kind: 'none', reason: `it is the last known good version: ${good.summary}` };
  return { kind: 'goal', image: good, why: 'it differs from the last known good version' };
}

/** The copy has bytes, mode and owner before anybody can see it under its real name. */
function writeCopy(path: string, image: Image): void {
  const { bytes, mode, uid, gid } = image.content;
  if (typeof bytes !== 'string' || typeof mode !== 'number' || typeof uid !== 'number' || typeof gid !== 'number') {
    throw new TargetRefused(`the image holds no bytes to restore: ${image.summary}`);
  }
  const descriptor = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(descriptor, Buffer.from(bytes, 'base64'));
    fchownSync(descriptor, uid, gid);
    fchmodSync(descriptor, mode);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  if (lookAtFile(path).identity !== image.identity) throw new TargetRefused(`what was kept can't be written as it was: ${image.summary}`);
}

/** Where the bytes are: the rename must replace the file, not a symbolic link to it. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return join(realpathSync(dirname(path)), basename(path));
  }
}
