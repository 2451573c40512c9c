import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Subject } from '../subject.js';
import type { Act } from '../trial.js';

const run = promisify(execFile);

/** A bare repository whose hook writes down each push that moved a branch. */
export async function gitTarget(service: string, folder: string): Promise<Subject> {
  const [bare, work, ledger] = ['shop.git', 'work', 'ledger'].map((name) => join(folder, service, name)) as [string, string, string];
  mkdirSync(join(folder, service));
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    GIT_AUTHOR_NAME: 'Ada',
    GIT_AUTHOR_EMAIL: 'a@b',
    GIT_COMMITTER_NAME: 'Ada',
    GIT_COMMITTER_EMAIL: 'a@b',
  };
  const git = (...words: string[]) => run('git', words, { cwd: work, env });
  const commit = async (text: string): Promise<void> => {
    writeFileSync(join(work, 'shop.conf'), text);
    await git('add', '--all');
    await git('commit', '--quiet', '-m', 'a change');
    await git('push', '--quiet', '--push-option=person', 'origin', 'HEAD:main');
  };
  mkdirSync(work);
  await git('init', '--quiet', '--bare', '--initial-branch=main', bare);
  for (const key of ['uploadpack.allowFilter', 'receive.advertisePushOptions']) await git('--git-dir', bare, 'config', key, 'true');
  writeFileSync(ledger, '');
  writeFileSync(join(bare, 'hooks', 'post-receive'), `#!/bin/sh\n[ -n "$GIT_PUSH_OPTION_0" ] || date +%s%N >> ${ledger}\n`, {
    mode: 0o755,
  });
  await git('init', '--quiet', '--initial-branch=main');
  await git('remote', 'add', 'origin', bare);
  await commit('pool: 20\n');
  const acts = (): Act[] =>
    readFileSync(ledger, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => ({ at: Number(line) / 1e6 }));
  let done = -1;
  return {
    service,
    kind: 'git',
    privilege: 'network',
    fencedBy: 'target',
    correction: { git: 'lastGood', paths: ['shop.conf'], source: service, push: 'direct' },
    sources: { [service]: { git: bare, branch: 'main' } },
    needsGood: true,
    breakIt: async () => {
      await git('fetch', '--quiet', 'origin', 'main');
      await git('reset', '--quiet', '--hard', 'FETCH_HEAD');
      await commit(`pool: 0 # ${Date.now()}\n`);
      done = acts().length;
    },
    isWell: () => acts().length > done,
    acts,
  };
}
