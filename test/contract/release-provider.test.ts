import { readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commands } from '../../adapters/exec/commands.js';
import { releaseProvider } from '../../adapters/filesystem/release-provider.js';
import type { Action } from '../../domain/service.js';
import { freshKnob } from '../support/knob.js';
import { freshReleases, type Releases } from '../support/releases.js';
import { callOn, holdsProviderContract, type Bench } from '../../testing/provider.contract.js';

type ReleaseAction = Extract<Action, { kind: 'release' }>;
type ReleaseBench = Bench<ReleaseAction> & Pick<Releases, 'folder' | 'point'>;

/** v1 was good, v3 is in force. */
async function released(restore: ReleaseAction['restore']): Promise<ReleaseBench> {
  const { folder, link, point, age } = await freshReleases();
  await point('releases/v1');
  const knob = await freshKnob();
  const provider = releaseProvider(commands);
  const action = { kind: 'release' as const, link, restore, then: [knob.program, 'set', 'restarted'] };
  const target = { service: 'shop', action, timeoutMs: 5_000 };
  const good = await provider.image(target);
  await point('releases/v3');
  return {
    folder,
    point,
    provider,
    target,
    ...(restore === 'lastGood' ? { good } : {}),
    tempt: async () => {
      if (restore === 'lastGood') return { ...good, identity: '-> releases/v2', content: { to: 'releases/v2' } };
      await age('v2', 'v1', 'v3');
      return undefined;
    },
    effects: async () => (await knob.ledger()).length,
    state: async () => JSON.stringify([await readdir(folder), await readlink(link)]),
    disturb: () => point('releases/v2'),
    loseAnswers: () => knob.behave('silent'),
    hang: () => knob.behave('hanging'),
    remove: () => rm(link),
  };
}

holdsProviderContract('release by last known good', () => released('lastGood'));
holdsProviderContract('release by age', async () => {
  const bench = await released('previous');
  return { ...bench, disturb: () => bench.point('releases/v1') };
});

describe('release', () => {
  it('goes back to the release with which the service was last well', async () => {
    const bench = await released('lastGood');
    expect(await bench.provider.apply(await callOn(bench))).toMatchObject({ content: { to: 'releases/v1' } });
  });

  it('goes back one release by age when no good one is known', async () => {
    const bench = await released('previous');
    expect(await bench.provider.apply(await callOn(bench))).toMatchObject({ content: { to: 'releases/v2' } });
  });

  it('goes back one release by age from one that has been taken for good', async () => {
    const bench = await released('previous');
    const good = await bench.provider.image(bench.target);
    expect(await bench.provider.apply(await callOn({ ...bench, good }))).toMatchObject({ content: { to: 'releases/v2' } });
  });

  it('has nothing to correct on the last good release when that is what it restores', async () => {
    const bench = await released('lastGood');
    const now = await bench.provider.image(bench.target);
    expect(await bench.provider.examine(bench.target, now, now)).toMatchObject({ applicable: false });
  });

  it('has nothing to correct on the oldest release, and where there is no link', async () => {
    const bench = await released('previous');
    const seen = async () => bench.provider.examine(bench.target, await bench.provider.image(bench.target), undefined);
    await bench.point('releases/v1');
    expect(await seen()).toMatchObject({ applicable: false, reason: expect.stringContaining('older than v1') });
    await rm(join(bench.folder, 'current'));
    await writeFile(join(bench.folder, 'current'), 'a file');
    expect(await seen()).toMatchObject({ applicable: false, reason: 'current is no symbolic link' });
  });

  it('does not take for its own what somebody else deploys while `then` runs', async () => {
    const bench = await released('lastGood');
    const { link } = bench.target.action;
    const call = { ...(await callOn(bench)), action: { ...bench.target.action, then: ['ln', '-sfn', 'releases/v2', link] } };
    const after = await bench.provider.apply(call);
    expect(after).toMatchObject({ content: { to: 'releases/v1' } });
    expect(await bench.provider.undo(call, after)).toMatchObject({ kind: 'changedMeanwhile' });
    expect(await readlink(link)).toBe('releases/v2');
  });

  it('does not point to a release that is gone', async () => {
    const bench = await released('lastGood');
    await rm(join(bench.folder, 'releases/v1'), { recursive: true });
    const seen = await bench.provider.examine(bench.target, await bench.provider.image(bench.target), bench.good);
    expect(seen).toMatchObject({ applicable: false, reason: expect.stringContaining('gone') });
  });

  it('refuses when the release to go back to went away while permit was asked', async () => {
    const bench = await released('previous');
    const before = await bench.state();
    const permit = () => rm(join(bench.folder, 'releases/v2'), { recursive: true });
    await expect(bench.provider.apply(await callOn(bench, { permit }))).rejects.toThrow(/is gone/);
    expect(await bench.state()).toBe(before);
    expect(await bench.effects()).toBe(0);
  });

  it('swaps the link without a moment in which there is none', async () => {
    const bench = await released('lastGood');
    let reads = 0;
    let done = false;
    const watching = (async () => {
      while (!done) {
        await readlink(join(bench.folder, 'current'));
        reads += 1;
      }
    })();
    await bench.provider.apply(await callOn(bench));
    done = true;
    await watching;
    expect(reads).toBeGreaterThan(0);
  });
});
