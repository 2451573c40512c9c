import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Patience } from './patience.js';
import { GitFailed, REMOTE, gitEnvironment, runGit, type Ended } from './run.js';

const historyMax = 500;

/** A repository of other people, and what of it hale has: commits and trees, without the files, which nobody looks at. */
export interface Mirror {
  /** Throws `GitFailed` unless it ends well. */
  readonly git: (words: readonly string[], input?: string, index?: string) => Promise<string>;
  /** However it ends. */
  readonly tried: (words: readonly string[]) => Promise<Ended>;
}

/** One folder for each repository, whichever process uses it; it is made at first use. */
export async function mirrorOf(folder: string, repository: string, patience: Patience): Promise<Mirror> {
  const at = resolve(folder, createHash('sha256').update(repository).digest('hex').slice(0, 16));
  const env = gitEnvironment(at, repository);
  await mkdir(at, { recursive: true, mode: 0o700 });
  const run = (words: readonly string[], input?: string, index?: string) =>
    runGit(index === undefined ? env : { ...env, GIT_INDEX_FILE: index }, words, patience, input);
  const mirror: Mirror = {
    git: async (words, input, index) => {
      const { code, stdout, stderr } = await run(words, input, index);
      if (code === 0) return stdout;
      throw new GitFailed(`git ${words[0]}: ${sentenceOf(stderr) || `it ended with code ${code}`}`);
    },
    tried: (words) => run(words),
  };
  await mirror.git(['init', '--quiet', '--bare']);
  return mirror;
}

/** What the other side said last, without control characters. */
export const sentenceOf = (stderr: string): string =>
  stderr
    .replaceAll(/[\p{Cc}\p{Cf}]+/gu, ' ')
    .trim()
    .slice(-400);

/** Branches of the repository as it is now, by name. */
export async function branchesNow({ git }: Mirror, patterns: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const text = await git(['ls-remote', '--heads', REMOTE, ...patterns.map((pattern) => `refs/heads/${pattern}`)]);
  const rows = text.split('\n').flatMap((line) => {
    const [, id = '', name = ''] = /^([0-9a-f]{40,64})\trefs\/heads\/(.+)$/.exec(line) ?? [];
    return id === '' ? [] : [[name, id] as const];
  });
  return new Map(rows);
}

/** Makes sure that this commit, which stands on that branch, is here with its history. */
export async function fetchCommit(mirror: Mirror, branch: string, id: string): Promise<void> {
  // A reference for each commit: two processes that fetch at once never wait for each other's lock.
  const reference = `refs/hale/${id}`;
  const isHere = async () => (await mirror.tried(['rev-parse', '--quiet', '--verify', reference])).stdout.trim() === id;
  if (await isHere()) return;
  const { code, stderr } = await mirror.tried([...fetching(historyMax), REMOTE, `+refs/heads/${branch}:${reference}`]);
  if (await isHere()) return;
  throw new GitFailed(`git fetch: ${code === 0 ? `${branch} moved meanwhile` : sentenceOf(stderr)}`);
}

/** An older commit may lie deeper than the history that is here, or on no branch any more; true when it is here now. */
export async function reach({ tried }: Mirror, id: string): Promise<boolean> {
  if (!/^[0-9a-f]{40,64}$/.test(id)) return false;
  const isHere = async () => (await tried(['cat-file', '-e', `${id}^{tree}`])).code === 0;
  if (await isHere()) return true;
  await tried([...fetching(1), REMOTE, id]);
  return isHere();
}

const fetching = (depth: number): string[] => [
  'fetch',
  '--quiet',
  '--no-tags',
  '--no-write-fetch-head',
  '--filter=blob:none',
  `--depth=${depth}`,
];
