// Drives the activity that a second worker runs after the first was killed between a file and its `then`.
import { join } from 'node:path';
import { readFile, writeFile } from 'node:fs/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import { applyCorrection } from '../../activities/apply-correction.js';
import { postgresSwitches } from '../../adapters/postgres/controls.js';
import { configured } from '../support/configured.js';
import { freshFolder, freshKnob } from '../support/knob.js';
import { shopIncident } from '../support/recorded.js';
import { permitted } from '../support/shop-correction.js';

const actionId = 'cycle-1/1/last-good';

async function cutInHalf() {
  const knob = await freshKnob();
  const path = join(await freshFolder(), 'shop.conf');
  const { pool, fleet, ports } = await configured(`apiVersion: hale/v1
services:
  shop:
    signals: {up: {exec: [${knob.program}], every: 1s}}
    objectives: {up: {above: 0}}
    corrections: {last-good: {file: ${path}, restore: lastGood, then: [${knob.program}, set, restarted], mode: act}}
`);
  const [action] = fleet.services[0]?.corrections.map((correction) => correction.action) ?? [];
  const file = action && ports.providers.for(action);
  if (action === undefined || file === undefined) throw new Error('the correction restores a file');

  const target = { service: 'shop', action, timeoutMs: 5_000 };
  const { effects } = ports;
  await writeFile(path, 'good');
  const goal = await file.image(target);
  await writeFile(path, 'bad');
  const [incident, before, resource] = await Promise.all([shopIncident(pool, fleet), file.image(target), file.resourceOf(target)]);
  const named = { service: 'shop', correction: 'last-good', resource, configVersion: 'v1', undo: 'restores' as const };
  await effects.prepare({ actionId, cycle: 'cycle-1', incident, before, goal, ...named });
  await effects.move(actionId, ['prepared'], 'intended', { fence: '1' });
  await writeFile(path, 'good');

  const retry = () => new MockActivityEnvironment().run(applyCorrection(ports), { actionId, ...permitted });
  return { knob, path, effects, retry, switches: postgresSwitches(pool) };
}

test('a second worker runs what is left of an action and nothing twice', async () => {
  const { knob, effects, retry } = await cutInHalf();
  expect(await retry()).toMatchObject({ kind: 'applied' });
  expect(await retry()).toMatchObject({ kind: 'applied' });
  expect((await knob.ledger()).map((line) => line.split('|')[0])).toEqual([actionId]);
  expect(await effects.get(actionId)).toMatchObject({ state: 'applied' });
});

test('what is left of an action is not run under stop, and what was done stays listed as applied', async () => {
  const { knob, path, effects, retry, switches } = await cutInHalf();
  await switches.stop({ by: 'ada', key: 'stop-1' });
  expect(await retry()).toMatchObject({ kind: 'applied' });
  expect(await knob.ledger()).toEqual([]);
  expect(await readFile(path, 'utf8')).toBe('good');
  expect(await effects.get(actionId)).toMatchObject({ state: 'applied', before: { summary: expect.stringContaining('3 bytes') } });
});
