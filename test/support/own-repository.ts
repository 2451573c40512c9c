import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Files by path; null removes. */
export type Files = Readonly<Record<string, string | null>>;

/** A real bare repository with branch `main`, which keeps its own account of pushes. */
export interface Repository {
  readonly url: string;
  /** Pushes files as one commit to a branch, `main` where none is named, and answers the commit. */
  readonly commit: (files: Files, branch?: string) => string;
  /** One for each branch that was moved by others than `commit`: `name from to`. */
  readonly pushes: () => string[];
  /** Runs git in the bare repository. */
  readonly git: (...words: string[]) => string;
  /** What the repository does, as lines of a shell script, when it is pushed to. */
  readonly hook: (name: 'pre-receive' | 'post-receive', lines: string) => void;
  readonly remove: () => void;
}

const account = 'while read from to name; do echo "$name $from $to" >> ../pushes; done';
const templates = new Map<string, string>();

/** Starts with one commit for each of these; what they make of it is built once and copied. */
export function ownRepository(history: readonly Files[]): Repository & { readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'hale-repository-'));
  const key = JSON.stringify(history);
  const template = templates.get(key) ?? build(history);
  templates.set(key, template);
  cpSync(template, folder, { recursive: true });
  const repository = repositoryIn(folder);
  return { ...repository, folder, remove: () => rmSync(repository.url, { recursive: true }) };
}

function build(history: readonly Files[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'hale-template-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const { url, git, commit, hook } = repositoryIn(folder);
  git('init', '--quiet', '--bare', '--initial-branch=main', url);
  git('--git-dir', url, 'config', 'uploadpack.allowFilter', 'true');
  git('init', '--quiet', '--initial-branch=main', join(folder, 'work'));
  git('-C', join(folder, 'work'), 'remote', 'add', 'origin', '../shop.git');
  hook('post-receive', '');
  for (const files of history) commit(files);
  return folder;
}

function repositoryIn(folder: string): Omit<Repository, 'remove'> {
  const [url, work] = [join(folder, 'shop.git'), join(folder, 'work')];
  const ada = { GIT_AUTHOR_NAME: 'Ada', GIT_AUTHOR_EMAIL: 'a@b', GIT_COMMITTER_NAME: 'Ada', GIT_COMMITTER_EMAIL: 'a@b' };
  const env = { PATH: process.env.PATH, HOME: folder, ...ada };
  const run = (...words: string[]): string => execFileSync('git', words, { cwd: folder, env, encoding: 'utf8', stdio: 'pipe' });
  const accountFile = join(folder, 'pushes');
  const pushes = () => readFileSync(accountFile, 'utf8').split('\n').slice(0, -1);
  return {
    url,
    git: (...words) => (words[0] === 'init' || words[0]?.startsWith('-') ? run(...words) : run('--git-dir', url, ...words)),
    pushes,
    hook: (name, lines) => {
      writeFileSync(join(url, 'hooks', name), `#!/bin/sh\n${name === 'post-receive' ? `${account}\n` : ''}${lines}\n`);
      chmodSync(join(url, 'hooks', name), 0o755);
      writeFileSync(accountFile, '', { flag: 'a' });
    },
    commit: (files, branch = 'main') => {
      const at = (...words: string[]) => run('-C', work, ...words);
      if (run('--git-dir', url, 'branch', '--list', branch) !== '') {
        at('fetch', '--quiet', 'origin', branch);
        at('reset', '--quiet', '--hard', 'FETCH_HEAD');
      }
      for (const [path, text] of Object.entries(files)) {
        rmSync(join(work, path), { recursive: true, force: true });
        if (text === null) continue;
        mkdirSync(dirname(join(work, path)), { recursive: true });
        writeFileSync(join(work, path), text);
      }
      at('add', '--all');
      at('commit', '--quiet', '-m', 'a change');
      const before = pushes();
      at('push', '--quiet', 'origin', `HEAD:${branch}`);
      writeFileSync(accountFile, before.map((line) => `${line}\n`).join(''));
      return at('rev-parse', 'HEAD').trim();
    },
  };
}
