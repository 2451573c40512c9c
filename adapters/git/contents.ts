import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Mirror } from './mirror.js';

/** What stands at each path of a commit: mode, kind and id as git names them; empty where there is nothing. */
export type Contents = Readonly<Record<string, string>>;

export async function contentsAt({ git }: Mirror, commit: string, paths: readonly string[]): Promise<Contents> {
  const entries = parse(await git(['ls-tree', '-z', commit, '--', ...paths]));
  return Object.fromEntries(paths.map((path) => [path, entries.find((entry) => entry.path === path)?.object ?? '']));
}

export const nameOf = (contents: Contents): string =>
  createHash('sha256')
    .update(JSON.stringify(Object.entries(contents).toSorted(([one], [other]) => (one < other ? -1 : 1))))
    .digest('hex')
    .slice(0, 16);

const parse = (text: string): { readonly object: string; readonly path: string }[] =>
  text.split('\0').flatMap((entry) => {
    const [object = '', path = ''] = entry.split('\t');
    return path === '' ? [] : [{ object, path }];
  });

/** A commit upon `head` in which these paths are as in `from`, and everything else as in `head`. Nothing leaves the mirror. */
export async function commitLike(
  { git }: Mirror,
  {
    head,
    from,
    paths,
    message,
  }: { readonly head: string; readonly from: string; readonly paths: readonly string[]; readonly message: string },
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hale-index-'));
  const index = join(folder, 'index');
  try {
    await git(['read-tree', head], undefined, index);
    const [now, then] = await Promise.all([head, from].map((commit) => git(['ls-tree', '-r', '-z', commit, '--', ...paths])));
    const gone = parse(now ?? '').map(({ path }) => `0 ${'0'.repeat(head.length)}\t${path}\0`);
    await git(['update-index', '-z', '--index-info'], gone.join('') + (then ?? ''), index);
    const tree = (await git(['write-tree', '--missing-ok'], undefined, index)).trim();
    const identity = ['-c', 'user.name=hale', '-c', 'user.email=hale@localhost'];
    return (await git([...identity, 'commit-tree', tree, '-p', head, '-F', '-'], message, index)).trim();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const SEPARATOR = '\x1f';
const looksBackMax = 500;

/** The commit of this branch that says it was made by that action. */
export async function commitOf({ git }: Mirror, head: string, actionId: string): Promise<string | undefined> {
  const format = `--format=%H${SEPARATOR}%(trailers:key=${TRAILER},valueonly,separator=%x1f)`;
  const text = await git(['log', `--max-count=${looksBackMax}`, format, head]);
  const rows = text.split('\n').map((line) => line.split(SEPARATOR));
  return rows.find(([, ...ids]) => ids.some((id) => id.trim() === actionId))?.[0];
}

export const TRAILER = 'Hale-Action';

/** When these paths were changed last, ms since the epoch. */
export async function changedAt({ git }: Mirror, head: string, paths: readonly string[]): Promise<number | undefined> {
  const seconds = Number((await git(['log', '-1', '--format=%ct', head, '--', ...paths])).trim() || Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : undefined;
}
