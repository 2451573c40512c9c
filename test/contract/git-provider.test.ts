// Corrections of real repositories by the real git command.
import { existsSync } from 'node:fs';
import { readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { gitProvider } from '../../adapters/git/provider.js';
import { TargetRefused } from '../../domain/failure.js';
import type { GitAction } from '../../domain/service.js';
import { freshFolder } from '../support/knob.js';
import { freshRepository, type Repository } from '../support/repository.js';
import { callOn, holdsProviderContract, undoOf, type Bench } from '../../testing/provider.contract.js';

const path = 'deploy/checkout';
const file = `${path}/values.yaml`;
const version0 = { [file]: 'version: 0\n', 'deploy/cart/values.yaml': 'cart\n' };
const version1 = { [file]: 'version: 1\n', [`${path}/extra.yaml`]: 'extra\n' };
const version3 = { [file]: 'version: 3\n', [`${path}/extra.yaml`]: null, [`${path}/new.yaml`]: 'new\n' };

interface GitBench extends Bench<GitAction> {
  readonly repository: Repository;
  readonly good: NonNullable<Bench<GitAction>['good']>;
}

/** Version 1 was good, version 3 is on the branch. */
async function configured(push: GitAction['push'], more: Partial<GitAction> = {}): Promise<GitBench> {
  const repository = freshRepository([version0, version1, version3]);
  const { git } = repository;
  const provider = gitProvider(await freshFolder());
  const action: GitAction = { kind: 'git', repository: repository.url, branch: 'main', paths: [path], push, ...more };
  const target = { service: 'checkout', action, timeoutMs: 20_000 };
  const imageOf = async (commit: string) => {
    const now = git('rev-parse', 'main').trim();
    git('update-ref', 'refs/heads/main', commit);
    const image = await provider.image(target);
    git('update-ref', 'refs/heads/main', now);
    return image;
  };
  const good = await imageOf('main~1');
  const older = git('rev-parse', 'main~2').trim();
  const proposals = () => git('for-each-ref', '--format=%(refname:short)', 'refs/heads/hale').split('\n').slice(0, -1);
  return {
    repository,
    provider,
    target,
    good,
    tempt: () => imageOf(older),
    effects: async () => repository.pushes().length,
    state: async () => git('ls-tree', '-r', 'main') + git('for-each-ref', '--format=%(refname) %(objectname)', 'refs/heads/hale'),
    disturb: async () => {
      for (const branch of ['main', ...proposals()]) repository.commit({ [file]: 'version: 4\n' }, branch);
    },
    loseAnswers: async () => repository.hook('post-receive', 'kill -9 $PPID'),
    hang: async () => repository.hook('pre-receive', 'exec sleep 60'),
    remove: async () => repository.remove(),
  };
}

const gone = 'a server that has no such repository now may have it later';

holdsProviderContract('git upon the branch', () => configured('direct'), { gone });
holdsProviderContract('git by a branch for people', () => configured('branch'), {
  goal: 'it proposes the goal; the branch that is corrected stays as it is',
  gone,
});

describe('git', () => {
  it('keeps what others committed elsewhere, before it acts, while permit is asked and before it is undone', async () => {
    const bench = await configured('direct');
    const { repository, provider } = bench;
    const call = await callOn(bench);
    repository.commit({ 'deploy/cart/values.yaml': 'cart 2\n' });
    let asked = 0;
    const permit = async () => void (asked++ === 0 && repository.commit({ 'deploy/cart/values.yaml': 'cart 3\n' }));
    const after = await provider.apply({ ...call, permit });
    expect(asked).toBe(2);
    expect(repository.git('show', `main:${file}`)).toBe('version: 1\n');
    repository.commit({ 'deploy/cart/values.yaml': 'cart 4\n' });
    expect(await provider.undo(undoOf(call), after)).toMatchObject({ kind: 'undone' });
    expect(repository.git('show', `main:${file}`)).toBe('version: 3\n');
    expect(repository.git('show', 'main:deploy/cart/values.yaml')).toBe('cart 4\n');
  });

  it('says in the commit which action it was, by whom it was permitted, and nothing that others wrote', async () => {
    const bench = await configured('direct');
    await bench.provider.apply(await callOn(bench));
    const { repository, good } = bench;
    expect(repository.git('log', '-1', '--format=%an <%ae>%n%B', 'main').trim()).toBe(
      `hale <hale@localhost>\nPut back the last known good ${path}\n\nAs in ${String(good.content.commit)}.\n\n` +
        'Hale-Action: cycle/1/fix\nHale-Fence: 7\nHale-Service: checkout',
    );
    expect(repository.git('rev-parse', `main:${path}`)).toBe(repository.git('rev-parse', `main~2:${path}`));
  });

  it('has nothing to correct where no good version is known, and where it is in force', async () => {
    const bench = await configured('direct');
    const { provider, target, good } = bench;
    const now = await provider.image(target);
    expect(await provider.examine(target, now, undefined)).toMatchObject({ applicable: false, reason: expect.stringContaining('no good') });
    expect(await provider.examine(target, now, now)).toMatchObject({
      applicable: false,
      reason: expect.stringContaining('is the last known'),
    });
    const lost = { ...good, content: { ...good.content, commit: 'f'.repeat(40) } };
    expect(await provider.examine(target, now, lost)).toMatchObject({ applicable: false, reason: expect.stringContaining('any more') });
  });

  it('does not call a commit gone that could not be asked for', async () => {
    const { provider, target, good, repository } = await configured('direct');
    const now = await provider.image(target);
    repository.remove();
    const elsewhere = gitProvider(await freshFolder());
    await expect(elsewhere.examine(target, now, good)).rejects.toThrow(/git fetch: .*shop\.git/);
  });

  it('removes what was not there when the service was well', async () => {
    const bench = await configured('direct', { paths: [`${path}/new.yaml`] });
    await bench.provider.apply(await callOn(bench));
    expect(bench.repository.git('ls-tree', '--name-only', 'main', `${path}/`)).toBe(`${file}\n`);
  });

  it('refuses an empty list of paths, and a branch that is not there', async () => {
    const { provider, target } = await configured('direct');
    const at = (more: Partial<GitAction>) => provider.image({ ...target, action: { ...target.action, ...more } });
    await expect(at({ paths: [] })).rejects.toThrow('an empty selector selects nothing');
    await expect(at({ branch: 'none' })).rejects.toThrow('has no branch none');
  });

  it('takes a path for a name, whatever is in it', async () => {
    const { provider, target } = await configured('direct');
    for (const name of ['*', ':(top)deploy', '--all', ':/', 'deploy/*']) {
      const image = await provider.image({ ...target, action: { ...target.action, paths: [name] } });
      expect(image.content.contents).toEqual({ [name]: '' });
    }
  });

  it('takes a repository that does not want the push as a refusal, with its words', async () => {
    const bench = await configured('direct');
    bench.repository.hook('pre-receive', 'echo main is protected >&2; exit 1');
    const refused = bench.provider.apply(await callOn(bench));
    await expect(refused).rejects.toThrow(TargetRefused);
    await expect(refused).rejects.toThrow(/main is protected/);
  });

  it('corrects nothing over a transport that runs a program', async () => {
    const { provider, target } = await configured('direct');
    const folder = await freshFolder();
    const command = `ext::touch ${folder}/ran`;
    await expect(provider.image({ ...target, action: { ...target.action, repository: command } })).rejects.toThrow(/not allowed/);
  });
});

describe('a mirror', () => {
  const mirrored = async () => {
    const bench = await configured('direct');
    const folder = await freshFolder();
    const provider = gitProvider(folder);
    await provider.image(bench.target);
    const [name = ''] = await readdir(folder);
    bench.repository.commit({ 'deploy/cart/values.yaml': 'cart 2\n' });
    return { ...bench, provider, lock: join(folder, name, 'shallow.lock') };
  };

  it('keeps no lock of a git that was ended', async () => {
    const bench = await mirrored();
    const { provider, lock, repository } = bench;
    const caller = new AbortController();
    const call = await callOn(bench, { abort: caller.signal });
    repository.commit({ 'deploy/cart/values.yaml': 'cart 3\n' });
    // A repository that begins to answer and never ends.
    const home = process.env.HOME;
    const folder = await freshFolder();
    await writeFile(join(folder, 'hang'), '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 });
    await writeFile(join(folder, '.gitconfig'), `[uploadpack]\n\tpackObjectsHook = ${folder}/hang\n`);
    process.env.HOME = folder;
    onTestFinished(() => void (process.env.HOME = home));
    const reading = expect(provider.readBack(call)).rejects.toThrow(/called off/);
    await expect.poll(() => existsSync(lock), { timeout: 20_000 }).toBe(true);
    caller.abort();
    await reading;
    expect(existsSync(lock)).toBe(false);
  });

  it('is waited for while another process has its lock', async () => {
    const { provider, lock, target } = await mirrored();
    await writeFile(lock, '');
    setTimeout(() => void rm(lock), 700);
    expect(await provider.image(target)).toMatchObject({ summary: expect.stringContaining(path) });
  });

  it('loses a lock that is older than anybody has patience', async () => {
    const { provider, lock, target } = await mirrored();
    await writeFile(lock, '');
    await utimes(lock, 0, 0);
    expect(await provider.image(target)).toMatchObject({ summary: expect.stringContaining(path) });
  });

  it('is made anew where making it was cut off, whatever lock that left', async () => {
    const { provider, lock, target } = await mirrored();
    const at = dirname(lock);
    await rm(join(at, 'objects'), { recursive: true });
    await writeFile(join(at, 'config.lock'), '');
    await utimes(join(at, 'config.lock'), 0, 0);
    expect(await provider.image(target)).toMatchObject({ summary: expect.stringContaining(path) });
  });
});

describe('git by a branch for people', () => {
  it('leaves a branch alone that people have merged', async () => {
    const bench = await configured('branch');
    const { repository, provider } = bench;
    const call = await callOn(bench);
    const after = await provider.apply(call);
    const [branch = ''] = repository.git('for-each-ref', '--format=%(refname)', 'refs/heads/hale').split('\n');
    expect(branch).toMatch(/^refs\/heads\/hale\/checkout\/cycle-1-fix-[0-9a-f]{8}$/);
    repository.git('update-ref', 'refs/heads/main', branch);
    expect(await provider.undo(undoOf(call), after)).toMatchObject({ kind: 'changedMeanwhile' });
    repository.git('update-ref', '-d', branch);
    expect(await provider.readBack(call)).toMatchObject({ kind: 'applied' });
  });

  it('proposes nothing more while people have not answered', async () => {
    const bench = await configured('branch');
    const { provider, target, good } = bench;
    await provider.apply(await callOn(bench));
    const seen = await provider.examine(target, await provider.image(target), good);
    expect(seen).toMatchObject({ applicable: false, reason: expect.stringContaining('people merge or delete it') });
  });
});
