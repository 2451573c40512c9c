import { mkdir, readlink, rename, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freshFolder } from './knob.js';

/** A real folder of releases `v1`, `v2` and `v3`, each with a file `health`, and the link `current` to the last. */
export interface Releases {
  readonly folder: string;
  readonly link: string;
  readonly current: () => Promise<string>;
  readonly point: (to: string) => Promise<void>;
  /** Orders the releases by age, oldest first. */
  readonly age: (...names: readonly string[]) => Promise<void>;
}

/** @param health what stands in `health` of each release, in their order */
export async function freshReleases(health: readonly [string, string, string] = ['good', 'good', 'bad']): Promise<Releases> {
  const folder = await freshFolder();
  const link = join(folder, 'current');
  const pathOf = (name: string) => join(folder, 'releases', name);
  const names = health.map((_, index) => `v${index + 1}`);
  for (const [index, name] of names.entries()) {
    await mkdir(pathOf(name), { recursive: true });
    await writeFile(join(pathOf(name), 'health'), health[index] ?? '');
  }
  const age = async (...oldestFirst: readonly string[]) => {
    for (const [hour, name] of oldestFirst.entries()) await utimes(pathOf(name), 3_600 * hour, 3_600 * hour);
  };
  const point = async (to: string) => {
    await symlink(to, join(folder, 'next'));
    await rename(join(folder, 'next'), link);
  };
  await age(...names);
  await point('releases/v3');
  return { folder, link, current: () => readlink(link), point, age };
}
