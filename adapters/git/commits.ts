import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Change } from '../../domain/change.js';
import type { FeedReading, GitFeed } from '../../domain/feed.js';
import { branchesNow, fetchCommit, mirrorOf, nameOfMirror, type Mirror } from './mirror.js';
import { patienceOf } from './patience.js';

const timeoutMs = 60_000;
const commitsMax = 50;
/** At a first look what was committed in the last day is news. */
const firstLook = '1 day ago';
const field = '\x1f';

interface Cursor {
  readonly head: string;
  readonly readAt: number;
}

/**
 * Reads what is new on a branch, by the git command, into a mirror in this folder: one for each repository, whichever process
 * reads it. Throws when the repository can't be read.
 */
export async function readCommits(folder: string, feed: GitFeed, cursor: unknown, now: number): Promise<FeedReading> {
  const mirror = await mirrorOf(folder, feed.repository, patienceOf(timeoutMs));
  const head = (await branchesNow(mirror, [feed.branch])).get(feed.branch);
  if (head === undefined) throw new Error(`the repository has no branch ${feed.branch}`);
  await fetchCommit(mirror, feed.branch, head);
  const before = isCursor(cursor) && (await isAncestor(mirror, cursor.head, head)) ? cursor : undefined;
  if (before?.head === head) return { cursor: { head, readAt: now }, changes: [] };
  const range = before === undefined ? [`--since=${firstLook}`, head] : [`${before.head}..${head}`];
  const changes = await Promise.all(feed.paths.map((one) => changesOf(mirror, feed, range, one, { now, since: before?.readAt })));
  return { cursor: { head, readAt: now }, changes: changes.flat() };
}

const isCursor = (value: unknown): value is Cursor => typeof value === 'object' && value !== null && 'head' in value && 'readAt' in value;

/** Removes the mirrors of sources that are not read any more. */
export async function forgetMirrors(folder: string, feeds: readonly GitFeed[]): Promise<void> {
  const names = new Set(feeds.map(({ repository }) => nameOfMirror(repository)));
  const mirrors = await readdir(folder).catch(() => []);
  const left = mirrors.filter((name) => /^[0-9a-f]{16}$/.test(name) && !names.has(name));
  await Promise.all(left.map((name) => rm(join(folder, name), { recursive: true, force: true })));
}

async function changesOf(
  { git }: Mirror,
  { name, branch }: GitFeed,
  range: readonly string[],
  { service, path }: GitFeed['paths'][number],
  { now, since }: { readonly now: number; readonly since: number | undefined },
): Promise<Change[]> {
  // By first parent: what lands on the branch at once, as a merge does, is one change.
  const words = ['log', '--first-parent', '-m', `--max-count=${commitsMax}`, `--format=%H${field}%ct${field}%an${field}%s`, ...range, '--'];
  const text = await git([...words, ...(path === undefined ? [] : [path])]);
  const lines = text.split('\n').filter((line) => line.includes(field));
  return lines.map((line): Change => {
    const [hash = '', seconds = '', author = '', subject = ''] = line.split(field);
    // When it landed is not known, only that it did since the last look: what was written long ago may have landed just now.
    const at = Math.min(now, Math.max(Number(seconds) * 1000, since ?? 0));
    return {
      id: `${service} ${hash}`,
      source: name,
      service,
      kind: 'configuration',
      state: 'finished',
      summary: clean(`${branch}: ${subject}`),
      reference: hash.slice(0, 12),
      by: clean(author) || 'unknown',
      at,
    };
  });
}

const clean = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}\p{Surrogate}]/gu, '').slice(0, 500);

async function isAncestor({ tried }: Mirror, one: string, other: string): Promise<boolean> {
  return /^[0-9a-f]{40,64}$/.test(one) && (await tried(['merge-base', '--is-ancestor', one, other])).code === 0;
}
