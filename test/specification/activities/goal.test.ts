// What an action aims at is chosen once, over a real folder of releases whose ages change between its tries.
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import { settleEffects } from '../../../activities/settle-effects.js';
import { freshReleases } from '../../support/releases.js';
import { shopCorrection } from '../../support/shop-correction.js';

/** The previous release is v2 when the action is prepared, and would be v1 ever after. */
async function prepared() {
  const releases = await freshReleases();
  const shop = await shopCorrection(`release: ${releases.link}, restore: previous`);
  const proposal = await shop.propose();
  await releases.age('v2', 'v1', 'v3');
  return { releases, proposal, ...shop };
}

test('an approval does not count once another release would be gone back to', async () => {
  const { propose, proposal } = await prepared();
  expect(await propose(2)).not.toBe(proposal);
});

test('an action that is prepared again keeps the goal that was stored first', async () => {
  const { propose, proposal, effect } = await prepared();
  expect(await propose(1)).toBe(proposal);
  expect(await effect()).toMatchObject({ goal: { identity: '-> releases/v2' } });
});

test('a retry of a try that was cut off before its call goes for the same release', async () => {
  const { releases, cutOff, apply, effect } = await prepared();
  await cutOff();
  expect(await apply()).toMatchObject({ kind: 'applied' });
  expect(await releases.current()).toBe('releases/v2');
  expect(await effect()).toMatchObject({ state: 'applied', after: { identity: '-> releases/v2' } });
});

test('a retry of a try that was cut off after its call knows its release again', async () => {
  const { releases, cutOff, apply, undo, effect } = await prepared();
  await cutOff();
  await releases.point('releases/v2');
  expect(await apply()).toMatchObject({ kind: 'applied' });
  expect(await effect()).toMatchObject({ state: 'applied', after: { identity: '-> releases/v2' } });
  expect(await undo()).toMatchObject({ kind: 'undone' });
  expect(await releases.current()).toBe('releases/v3');
});

test('a later cycle knows the release again that an ended one was cut off with', async () => {
  const { releases, ports, cutOff, effect } = await prepared();
  await cutOff();
  await releases.point('releases/v2');
  const left = { service: 'shop', configVersion: 'v1', cycle: 'cycle-2', privilege: 'machine' as const };
  expect(await new MockActivityEnvironment().run(settleEffects(ports), left)).toEqual({
    sentences: [expect.stringMatching(/: undone$/)],
    stranded: [],
  });
  expect(await effect()).toMatchObject({ state: 'undone' });
  expect(await releases.current()).toBe('releases/v3');
});

test('a release that was approved and is gone is refused, and nothing is done', async () => {
  const { releases, apply, effect } = await prepared();
  await rm(join(dirname(releases.link), 'releases/v2'), { recursive: true });
  expect(await apply()).toMatchObject({ kind: 'notApplied', reason: expect.stringContaining('gone') });
  expect(await releases.current()).toBe('releases/v3');
  expect(await effect()).toMatchObject({ state: 'notApplied' });
});
