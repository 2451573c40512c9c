import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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
  const at = resolve(folder, nameOfMirror(repository));
  const env = gitEnvironment(at, repository);
  const run = async (words: readonly string[], input?: string, index?: string): Promise<Ended> => {
    for (;;) {
      const ended = await runGit(index === undefined ? env : { ...env, GIT_INDEX_FILE: index }, words, patience, input);
      const lock = lockInTheWay(at, ended);
      if (lock === undefined) return ended;
      await untilFree(lock, patience);
    }
  };
  const mirror: Mirror = {
    git: async (words, input, index) => {
      const { code, stdout, stderr } = await run(words, input, index);
      if (code === 0) return stdout;
      throw new GitFailed(`git ${words[0]}: ${sentenceOf(stderr) || `it ended with code ${code}`}`);
    },
    tried: (words) => run(words),
  };
  if (!isMade(at)) {
    await mkdir(at, { recursive: true, mode: 0o700 });
    await mirror.git(['init', '--quiet', '--bare']);
  }
  return mirror;
}

export const nameOfMirror = (repository: string): string => createHash('sha256').update(repository).digest('hex').slice(0, 16);

/** By what git makes last: one that was cut off is made anew, which takes nothing away. */
const isMade = (at: string): boolean => existsSync(join(at, 'objects', 'info'));

const lookAgainMs = 200;

/** The lock for whose sake git did nothing, if it is one of this mirror: the other side may say anything. */
function lockInTheWay(at: string, { code, stderr }: Ended): string | undefined {
  const [, file = ''] =
    /(?:Unable to create '|could not lock config file )(.+?)(?:\.lock')?: File exists/.exec(code === 0 ? '' : stderr) ?? [];
  return resolve(file).startsWith(`${at}/`) ? `${resolve(file)}.lock` : undefined;
}

/** Whoever has a lock is done with it within its patience, or was killed and left it there, and then nobody else takes it away. */
async function untilFree(lock: string, { timeoutMs, signal }: Patience): Promise<void> {
  const { mtimeMs } = await stat(lock).catch(() => ({ mtimeMs: Date.now() }));
  if (Date.now() - mtimeMs > timeoutMs) return rm(lock, { force: true });
  await sleep(lookAgainMs, undefined, { signal }).catch(() => undefined);
}

/** What git or the other side said last, without control characters, and without the user in an address, which may be a token. */
export const sentenceOf = (stderr: string): string =>
  stderr
    .replaceAll(/[\p{Cc}\p{Cf}]+/gu, ' ')
    .replaceAll(/(https?:\/\/)[^/\s@]+@/g, '$1')
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

/**
 * An older commit may lie deeper than the history that is here, or on no branch any more; true when it is here now, false
 * when the repository says that it does not have it.
 */
export async function reach({ tried }: Mirror, id: string): Promise<boolean> {
  if (!/^[0-9a-f]{40,64}$/.test(id)) return false;
  const isHere = async () => (await tried(['cat-file', '-e', `${id}^{tree}`])).code === 0;
  if (await isHere()) return true;
  const { stderr } = await tried([...fetching(1), REMOTE, id]);
  if (await isHere()) return true;
  if (/not our ref/.test(stderr)) return false;
  throw new GitFailed(`git fetch: ${sentenceOf(stderr)}`);
}

const fetching = (depth: number): string[] => [
  'fetch',
  '--quiet',
  '--no-tags',
  '--no-write-fetch-head',
  '--filter=blob:none',
  `--depth=${depth}`,
];
