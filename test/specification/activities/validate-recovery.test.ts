// What is measured after a correction decides on it: real programs that print the numbers, and readings that watch stored.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import { awaitRecovery, validateHold } from '../../../activities/validate-recovery.js';
import { configured } from '../../support/configured.js';
import { freshFolder } from '../../support/knob.js';
import { shopMeasured } from '../../support/recorded.js';

/** `up` was broken; `queue` is its guard. Both are what a file says; a file that is gone gives no data. */
async function corrected(now: { readonly up?: number; readonly queue: number }) {
  const folder = await freshFolder();
  const say = (signal: string, value: number | undefined) =>
    value === undefined ? rm(join(folder, signal), { force: true }) : writeFile(join(folder, signal), String(value));
  await Promise.all([say('up', now.up), say('queue', now.queue)]);
  const { pool, ports } = await configured(`apiVersion: hale/v1
services:
  shop:
    signals:
      up: {exec: [/bin/cat, ${folder}/up], every: 1s, timeout: 500ms}
      queue: {exec: [/bin/cat, ${folder}/queue], every: 1s, timeout: 500ms}
    objectives:
      up: {above: 0, for: 0s, hold: 3s, silence: 3s}
      queue: {above: 0, for: 0s, hold: 3s, silence: 3s}
`);
  const input = { service: 'shop', configVersion: 'v1', actionId: 'c/1/fix', broken: ['up'] };
  const env = new MockActivityEnvironment();
  return {
    pool,
    recovery: () => env.run(awaitRecovery(ports), { ...input, settleMs: 300 }),
    holdSince: (ms: number) => env.run(validateHold(ports), { ...input, from: Date.now() - ms }),
  };
}

test('a symptom that still stands when its time is over is unchanged', async () => {
  const { recovery } = await corrected({ up: 0, queue: 1 });
  expect(await recovery()).toMatchObject({ kind: 'unchanged', evidence: 'after 0.3s up is 0, asked for above 0' });
});

test('a correction after which nothing can be measured is without data, not without effect', async () => {
  const { recovery } = await corrected({ queue: 1 });
  expect(await recovery()).toMatchObject({ kind: 'noData' });
});

test('an objective that broke with the correction makes it worse, also while the symptom stands', async () => {
  const { recovery } = await corrected({ up: 0, queue: 0 });
  expect(await recovery()).toMatchObject({ kind: 'worse', evidence: 'broken now and not before: queue is 0, asked for above 0' });
});

test('readings from before the hold window say nothing about it', async () => {
  const { pool, holdSince } = await corrected({ up: 1, queue: 1 });
  await shopMeasured(pool, [0, 0, 0, 1, 1]);
  expect(await holdSince(1_500)).toMatchObject({ kind: 'held' });
});

test('a relapse that only watch saw is no success', async () => {
  const { pool, holdSince } = await corrected({ up: 1, queue: 1 });
  await shopMeasured(pool, [1, 1, 0, 1, 1]);
  expect(await holdSince(4_500)).toMatchObject({ kind: 'unchanged' });
});

test('the hold window ends with a fresh reading of its own', async () => {
  const { pool, holdSince } = await corrected({ up: 1, queue: 0 });
  await shopMeasured(pool, [1, 1, 1, 1, 1]);
  expect(await holdSince(4_500)).toMatchObject({ kind: 'worse' });
});

test('a hold window that nobody measured is no success', async () => {
  const { holdSince } = await corrected({ up: 1, queue: 1 });
  expect(await holdSince(5_000)).toMatchObject({ kind: 'noData' });
});
