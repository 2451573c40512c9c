import { mkdirSync, readFileSync, statSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Subject } from '../subject.js';
import type { Act } from '../trial.js';

const good = 'pool: 20\n';

/** A file with the account that the kernel gives of its folder: each time that another file gets its name is an act. */
export function fileTarget(service: string, folder: string): Subject {
  const path = join(folder, service, 'shop.conf');
  mkdirSync(join(folder, service));
  writeFileSync(path, good);
  const acts: Act[] = [];
  let staged = 0;
  let inode = statSync(path).ino;
  const watcher = watch(join(folder, service), (event, name) => {
    if (event !== 'rename') return;
    if (name !== 'shop.conf') staged += 1;
    const now = statSync(path, { throwIfNoEntry: false })?.ino ?? 0;
    if (now !== inode) acts.push({ at: Date.now() });
    inode = now;
  });
  return {
    service,
    kind: 'file',
    privilege: 'machine',
    fencedBy: 'target',
    correction: { file: path, restore: 'lastGood' },
    needsGood: true,
    // Written into the same file, which is no other one by that.
    breakIt: async () => writeFileSync(path, `pool: 0 # ${Date.now()}\n`),
    isWell: () => readFileSync(path, 'utf8') === good,
    acts: () => acts,
    turnedAway: () => staged,
    close: async () => watcher.close(),
  };
}
