import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Change } from '../../domain/change.js';
import type { FeedReading, GitFeed } from '../../domain/feed.js';
import { REMOTE, gitEnvironment } from './run.js';

const run = promisify(execFile);
const timeoutMs = 60_000;
const historyMax = 500;
const commitsMax = 50;
/** At a first look what was committed in the last day is news. */
const firstLook = '1 day ago';
const field = '\x1f';

interface Cursor {
  readonly head: string;
  readonly readAt: number;
}

/**
 * Reads what is new on a branch, by the git command, into a mirror in this folder: one for each source, whichever process
 * reads it. Throws when the repository can't be read.
 */
export async function readCommits(folder: string, feed: GitFeed, cursor: unknown, now: number): Promise<FeedReading> {
  const mirror = await mirrorOf(folder, feed);
  const head = (await git(mirror, ['rev-parse', '--verify', 'refs/hale/head'])).trim();
  const before = isCursor(cursor) && (await isAncestor(mirror, cursor.head, head)) ? cursor : undefined;
  if (before?.head === head) return { cursor: { head, readAt: now }, changes: [] };
  const range = before === undefined ? [`--since=${firstLook}`, head] : [`${before.head}..${head}`];
  const changes = await Promise.all(feed.paths.map((one) => changesOf(mirror, feed, range, one, { now, since: before?.readAt })));
  return { cursor: { head, readAt: now }, changes: changes.flat() };
}

const isCursor = (value: unknown): value is Cursor => typeof value === 'object' && value !== null && 'head' in value && 'readAt' in value;

/** Commits and trees, without the files: nobody looks at those. */
async function mirrorOf(folder: string, feed: GitFeed): Promise<string> {
  const mirror = join(folder, nameOf(feed));
  try {
    await fetch(mirror, feed);
  } catch (error) {
    // A process that was killed while it fetched leaves its lock behind, and nobody else takes that away.
    if (!/\.lock'?: File exists/.test(String(error))) throw error;
    await rm(mirror, { recursive: true, force: true });
    await fetch(mirror, feed);
  }
  return mirror;
}

const nameOf = ({ repository, branch }: GitFeed): string =>
  createHash('sha256')
    .update(JSON.stringify([repository, branch]))
    .digest('hex')
    .slice(0, 16);

async function fetch(mirror: string, { repository, branch }: GitFeed): Promise<void> {
  await mkdir(mirror, { recursive: true, mode: 0o700 });
  await git(mirror, ['init', '--quiet', '--bare']);
  const refs = `+refs/heads/${branch}:refs/hale/head`;
  // By a name of its own: git does not take what leaves files out from a folder by its path.
  await git(mirror, ['fetch', '--quiet', '--no-tags', '--filter=blob:none', `--depth=${historyMax}`, REMOTE, refs], repository);
}

/** Removes the mirrors of sources that are not read any more. */
export async function forgetMirrors(folder: string, feeds: readonly GitFeed[]): Promise<void> {
  const names = new Set(feeds.map(nameOf));
  const mirrors = await readdir(folder).catch(() => []);
  const left = mirrors.filter((name) => /^[0-9a-f]{16}$/.test(name) && !names.has(name));
  await Promise.all(left.map((name) => rm(join(folder, name), { recursive: true, force: true })));
}

async function changesOf(
  mirror: string,
  { name, branch }: GitFeed,
  range: readonly string[],
  { service, path }: GitFeed['paths'][number],
  { now, since }: { readonly now: number; readonly since: number | undefined },
): Promise<Change[]> {
  // By first parent: what lands on the branch at once, as a merge does, is one change.
  const words = ['log', '--first-parent', '-m', `--max-count=${commitsMax}`, `--format=%H${field}%ct${field}%an${field}%s`, ...range, '--'];
  const text = await git(mirror, [...words, ...(path === undefined ? [] : [path])]);
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

async function isAncestor(mirror: string, one: string, other: string): Promise<boolean> {
  if (!/^[0-9a-f]{40,64}$/.test(one)) return false;
  return git(mirror, ['merge-base', '--is-ancestor', one, other]).then(
    () => true,
    () => false,
  );
}

async function git(mirror: string, words: readonly string[], repository = ''): Promise<string> {
  const env = gitEnvironment(mirror, repository);
  const { stdout } = await run('git', [...words], { cwd: mirror, env, timeout: timeoutMs, maxBuffer: 4 * 1024 * 1024 });
  return stdout;
}
