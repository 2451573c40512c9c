// Commits of real repositories, by the real git command, from the file to the change feed.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { readCommits } from '../../adapters/git/commits.js';
import { patienceOf } from '../../adapters/git/patience.js';
import { gitEnvironment, runGit } from '../../adapters/git/run.js';
import { postgresChanges, postgresFeeds } from '../../adapters/postgres/changes.js';
import type { GitFeed } from '../../domain/feed.js';
import { readFeedsOnce } from '../../workers/feeds.js';
import { configured } from '../support/configured.js';
import { freshFolder } from '../support/knob.js';
import { serve } from '../support/listen.js';

const never = (error: unknown): never => {
  throw error;
};

async function repository() {
  const folder = await freshFolder();
  const git = (...words: string[]): string =>
    execFileSync('git', ['-c', 'user.name=Ada L', '-c', 'user.email=ada@example.com', ...words], { cwd: folder, encoding: 'utf8' });
  git('init', '--quiet', '--initial-branch=main');
  const commit = async (file: string, subject: string, date?: string): Promise<string> => {
    await mkdir(join(folder, file, '..'), { recursive: true });
    await writeFile(join(folder, file), subject);
    git('add', '.');
    execFileSync('git', ['-c', 'user.name=Ada L', '-c', 'user.email=ada@example.com', 'commit', '--quiet', '-m', subject], {
      cwd: folder,
      env: { ...process.env, ...(date === undefined ? {} : { GIT_COMMITTER_DATE: date, GIT_AUTHOR_DATE: date }) },
    });
    return git('rev-parse', 'HEAD').trim();
  };
  return { folder, mirrors: await freshFolder(), git, commit };
}

const feedOf = (folder: string): GitFeed => ({
  kind: 'git',
  name: 'deploys',
  repository: folder,
  branch: 'main',
  everyMs: 0,
  paths: [{ service: 'shop', path: 'apps/shop' }, { service: 'all' }],
});

test('a new commit is a change of each service whose path it touches, once', async () => {
  const { folder, mirrors, commit } = await repository();
  await commit('apps/till/a', 'till');
  const first = await readCommits(mirrors, feedOf(folder), undefined, Date.now());
  expect(first.changes.map(({ service }) => service)).toEqual(['all']);

  const hash = await commit('apps/shop/values.yaml', 'shop v2');
  const next = await readCommits(mirrors, feedOf(folder), first.cursor, Date.now());
  expect(next.changes).toMatchObject([
    { service: 'shop', source: 'deploys', summary: 'main: shop v2', reference: hash.slice(0, 12), by: 'Ada L', state: 'finished' },
    { service: 'all' },
  ]);
  expect((await readCommits(mirrors, feedOf(folder), next.cursor, Date.now())).changes).toEqual([]);
});

test('what was written long ago and lands now is a change of now; at a first look it is none', async () => {
  const { folder, mirrors, commit } = await repository();
  await commit('apps/shop/a', 'old', '2020-01-01T00:00:00Z');
  const first = await readCommits(mirrors, feedOf(folder), undefined, Date.now());
  expect(first.changes).toEqual([]);
  const before = Date.now();
  await commit('apps/shop/b', 'older still', '2019-01-01T00:00:00Z');
  const { changes } = await readCommits(mirrors, feedOf(folder), { ...(first.cursor as object), readAt: before }, Date.now());
  expect(changes[0]?.at).toBeGreaterThanOrEqual(before);
});

test('after the branch was rewritten its last day is looked at anew', async () => {
  const { folder, mirrors, git, commit } = await repository();
  await commit('apps/shop/a', 'one');
  const first = await readCommits(mirrors, feedOf(folder), undefined, Date.now());
  git('commit', '--quiet', '--amend', '-m', 'another one');
  const next = await readCommits(mirrors, feedOf(folder), first.cursor, Date.now());
  expect(next.changes.map(({ summary }) => summary)).toEqual(['main: another one', 'main: another one']);
});

test('subjects are data: control characters are taken out, and a name of a path is neither option nor pattern', async () => {
  const { folder, mirrors, commit } = await repository();
  await commit('apps/shop/a', 'v2 \u001b[31mred\u202e --upload-pack=x');
  const feed = {
    ...feedOf(folder),
    paths: [{ service: 'shop', path: '--output=/tmp/x' }, { service: 'till', path: 'apps/*' }, { service: 'all' }],
  };
  expect((await readCommits(mirrors, feed, undefined, Date.now())).changes.map(({ summary }) => summary)).toEqual([
    'main: v2 [31mred --upload-pack=x',
  ]);
});

test('a repository may leave out the files that nobody looks at', async () => {
  const { folder, mirrors, git, commit } = await repository();
  git('config', 'uploadpack.allowFilter', 'true');
  await commit('apps/shop/a', 'shop v2');
  expect((await readCommits(mirrors, feedOf(folder), undefined, Date.now())).changes).toHaveLength(2);
});

test('a repository or branch that is not there is an error, and another transport is not spoken', async () => {
  const { folder, mirrors } = await repository();
  await expect(readCommits(mirrors, feedOf(`${folder}/none`), undefined, Date.now())).rejects.toThrow();
  await expect(readCommits(mirrors, { ...feedOf(folder), branch: 'none' }, undefined, Date.now())).rejects.toThrow();
  await expect(readCommits(mirrors, feedOf(`ext::sh -c true`), undefined, Date.now())).rejects.toThrow(/not allowed/);
});

test('the repositories of the configuration are read in turn into the change feed', async () => {
  const { folder, mirrors, commit } = await repository();
  await commit('apps/shop/a', 'shop v2');
  const { pool, ports } = await configured(`apiVersion: hale/v1
sources: {deploys: {git: ${folder}, refresh: 1h}, gone: {git: ${folder}/none, refresh: 1h}}
services:
  shop: {changes: [{source: deploys, path: apps/shop/}, {source: gone}]}
`);
  const needs = { ...ports, feeds: postgresFeeds(pool), mirrors };
  const failures: unknown[] = [];
  await readFeedsOnce(needs, (error) => failures.push(error));
  expect(failures).toEqual([expect.objectContaining({ message: expect.stringContaining('changes of gone: ') as unknown })]);
  expect(await postgresChanges(pool).recent('shop', 0)).toMatchObject([{ source: 'deploys', summary: 'main: shop v2' }]);
  await commit('apps/shop/a', 'shop v3');
  await readFeedsOnce(needs, never);
  expect(await postgresChanges(pool).recent('shop', 0)).toHaveLength(1);
});

test('a source has one mirror, whichever process reads it, and none once it is not configured any more', async () => {
  const { folder, mirrors, commit } = await repository();
  await commit('apps/shop/a', 'shop v2');
  const file = `apiVersion: hale/v1
sources: {deploys: {git: ${folder}, refresh: 1s}}
services:
  shop: {changes: [{source: deploys}]}
`;
  const first = await configured(file);
  const needs = { ...first.ports, feeds: postgresFeeds(first.pool), mirrors };
  await readFeedsOnce(needs, never);
  const kept = await readdir(mirrors);
  expect(kept).toHaveLength(1);
  await mkdir(join(mirrors, '0123456789abcdef'));
  await mkdir(join(mirrors, 'of a person'));
  await readFeedsOnce(needs, never);
  expect((await readdir(mirrors)).toSorted()).toEqual([...kept, 'of a person'].toSorted());
});

test.each(['shallow.lock', 'refs/hale/HEAD.lock'])('a reader that was killed and left %s behind stops no later one', async (name) => {
  const { folder, mirrors, commit } = await repository();
  await commit('apps/shop/a', 'shop v2');
  const first = await readCommits(mirrors, feedOf(folder), undefined, Date.now());
  const [mirror = ''] = await readdir(mirrors);
  const lock = join(mirrors, mirror, name.replace('HEAD', await commit('apps/shop/a', 'shop v3')));
  await writeFile(lock, '');
  await utimes(lock, 0, 0);
  const { changes } = await readCommits(mirrors, feedOf(folder), first.cursor, Date.now());
  expect(changes.map(({ summary }) => summary)).toEqual(['main: shop v3', 'main: shop v3']);
});

/** The configuration of git that whoever runs hale has at home. */
async function atHome(lines: string): Promise<void> {
  const home = await freshFolder();
  await writeFile(join(home, '.gitconfig'), lines);
  onTestFinished(() => void vi.unstubAllEnvs());
  vi.stubEnv('HOME', home);
}

test('no transport runs a program, whatever the account of hale allows', async () => {
  const mirrors = await freshFolder();
  const ran = join(mirrors, 'ran');
  await atHome('[protocol "ext"]\n  allow = always\n');
  const feed = feedOf(`ext::/usr/bin/touch ${ran}`);
  await expect(readCommits(mirrors, feed, undefined, Date.now())).rejects.toThrow(/transport 'ext' not allowed/);
  expect(existsSync(ran)).toBe(false);
});

test('no hook of the account of hale runs', async () => {
  const { folder, mirrors, commit } = await repository();
  const hooks = await freshFolder();
  await commit('apps/shop/a', 'shop');
  await writeFile(join(hooks, 'reference-transaction'), `#!/bin/sh\ntouch ${hooks}/ran\n`, { mode: 0o755 });
  await atHome(`[core]\n  hooksPath = ${hooks}\n`);
  expect((await readCommits(mirrors, feedOf(folder), undefined, Date.now())).changes).toHaveLength(2);
  expect(existsSync(join(hooks, 'ran'))).toBe(false);
});

test('what git says without measure is not kept, and its command is ended', async () => {
  const { folder, mirrors } = await repository();
  const words = ['-c', 'alias.talk=!head -c 6000000 /dev/zero', 'talk'];
  const said = runGit(gitEnvironment(join(folder, '.git'), mirrors), words, patienceOf(30_000));
  await expect(said).rejects.toThrow(/said too much/);
});

test('a token that the account of hale has in an address is not repeated when the repository asks for more', async () => {
  const asking = await serve((_, response) => void response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end());
  await atHome(`[url "${asking.replace('://', '://hush-R1dV8qTz@')}/"]\n  insteadOf = http://git.internal/\n`);
  const failed: unknown = await readCommits(await freshFolder(), feedOf('http://git.internal/shop.git'), undefined, Date.now()).catch(
    (error: unknown) => error,
  );
  expect(String(failed)).toContain('git ls-remote: ');
  expect(String(failed)).not.toContain('hush');
});
