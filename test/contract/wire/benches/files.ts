import { existsSync, lstatSync, readFileSync, readlinkSync, watch } from 'node:fs';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileProvider } from '../../../../adapters/filesystem/file-provider.js';
import { releaseProvider } from '../../../../adapters/filesystem/release-provider.js';
import { commands } from '../../../../adapters/exec/commands.js';
import type { Action } from '../../../../domain/service.js';
import type { WireBench, WireTarget } from '../bench.js';
import { ownFolder } from './folder.js';
import { assembled } from './module.js';

type FileAction = Extract<Action, { kind: 'file' }>;
type ReleaseAction = Extract<Action, { kind: 'release' }>;

const noWire = { why: 'a file of this machine', actsWithinMs: 10 };
const parts = { commands: 'adapters/exec/commands' };

/** A configuration that was good and is bad now. */
export const file: WireBench<FileAction> = {
  name: 'file',
  provider: assembled({ ...parts, fileProvider: 'adapters/filesystem/file-provider' }, 'fileProvider(commands)'),
  noWire,
  arrange: async () => {
    const { folder, close } = await ownFolder();
    const path = join(folder, 'shop.conf');
    const action: FileAction = { kind: 'file', path, restore: 'lastGood' };
    const target = { service: 'shop', action, timeoutMs: 5_000 };
    await writeFile(path, 'port = 0\n');
    const good = await fileProvider(commands).image(target);
    await writeFile(path, 'port = 1\n');
    const account = replacements(path, () => read(path) === 'port = 0\n');
    return {
      aimedAt: () => target,
      good,
      effects: account.count,
      state: async () => read(path),
      disturb: () => account.count().then(() => writeFile(path, 'port = 2\n')),
      remove: () => rm(path),
      close: () => account.close().then(close),
    };
  },
};

/** v1 was good, v3 is in force. */
export const release: WireBench<ReleaseAction> = {
  name: 'release',
  provider: assembled({ ...parts, releaseProvider: 'adapters/filesystem/release-provider' }, 'releaseProvider(commands)'),
  noWire,
  arrange: async (): Promise<WireTarget<ReleaseAction>> => {
    const { folder, close } = await ownFolder();
    const link = join(folder, 'current');
    const point = async (to: string) => {
      await symlink(`releases/${to}`, join(folder, 'next'));
      await rename(join(folder, 'next'), link);
    };
    for (const name of ['v1', 'v2', 'v3']) await mkdir(join(folder, 'releases', name), { recursive: true });
    const action: ReleaseAction = { kind: 'release', link, restore: 'lastGood' };
    const target = { service: 'shop', action, timeoutMs: 5_000 };
    await point('v1');
    const good = await releaseProvider(commands).image(target);
    await point('v3');
    const account = replacements(link, () => readLink(link) === 'releases/v1');
    return {
      aimedAt: () => target,
      good,
      effects: account.count,
      state: async () => readLink(link),
      disturb: () => account.count().then(() => point('v2')),
      remove: () => rm(link),
      close: () => account.close().then(close),
    };
  },
};

const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : 'gone');
const readLink = (path: string): string => (lstatSync(path, { throwIfNoEntry: false }) === undefined ? 'gone' : readlinkSync(path));

/** The kernel's account: how often another file or link was put in this place and then was as it should be. */
function replacements(path: string, isGood: () => boolean) {
  let count = 0;
  const watcher = watch(dirname(path), (event, name) => {
    if (event === 'rename' && name === basename(path) && isGood()) count += 1;
  });
  return {
    /** What has happened until now has been told by then. */
    count: () => wait(10).then(() => count),
    close: async () => watcher.close(),
  };
}
