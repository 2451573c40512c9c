// What is in force, as `hale effects --in-force` tells it, and how people say that it stays; over a real PostgreSQL.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import * as wire from '../../contracts/cli.js';
import { freshDatabase } from '../support/database.js';
import { dataOf, failureOf, hale } from '../support/hale-command.js';
import { closed, shopConfigured, shopEffect, shopIncident } from '../support/recorded.js';

async function ended() {
  const { pool, url } = await freshDatabase();
  const state = await mkdtemp(join(tmpdir(), 'hale-cli-'));
  onTestFinished(() => rm(state, { recursive: true }));
  const incident = await shopIncident(pool, await shopConfigured(pool));
  const at = ['--state', state, '--database', url];
  return {
    at,
    effect: (actionId: string, more: Partial<Parameters<typeof shopEffect>[1]>, states: Parameters<typeof shopEffect>[2]) =>
      shopEffect(pool, { incident, actionId, ...more }, states),
    close: () => closed(pool, incident, 'healed', 'it held'),
    inForce: async () => dataOf(wire.effectsInForce, await hale(['effects', '--in-force', '--json', ...at])),
  };
}

test('every change that was not undone is listed with its age, its owner and what to do about it', async () => {
  const { at, effect, close, inForce } = await ended();
  await effect('cycle-1/1/unknown', { undo: 'nothingToRestore' }, ['intended', 'unknown']);
  await effect('cycle-1/2/restart', { undo: 'nothingToRestore' }, ['intended', 'applied', 'adopted']);
  await effect('cycle-1/3/undone', {}, ['intended', 'applied', 'undoing', 'undone']);
  await effect('cycle-1/4/stranded', {}, ['intended', 'applied', 'undoing', 'stranded']);
  await effect('cycle-1/5/held', {}, ['intended', 'applied', 'adopted']);
  await close();
  const listed = await inForce();
  expect(listed.map(({ actionId }) => actionId)).toEqual(['cycle-1/1/unknown', 'cycle-1/4/stranded', 'cycle-1/5/held']);
  expect(listed[2]).toMatchObject({
    owner: null,
    undo: 'restores',
    before: 'pid 1',
    after: 'pid 2',
    next: 'it held: make it last at its source, then: hale keep cycle-1/5/held',
  });
  expect((await hale(['effects', '--in-force', ...at])).stdout).toMatch(/SERVICE +CORRECTION +STATE +AGE +OWNER/);
});

test('a change that held is superseded by the next one on the same resource', async () => {
  const { effect, inForce } = await ended();
  await effect('cycle-1/1/first', {}, ['intended', 'applied', 'adopted']);
  await effect('cycle-1/2/second', {}, ['intended', 'applied', 'adopted']);
  expect((await inForce()).map(({ actionId }) => actionId)).toEqual(['cycle-1/2/second']);
});

test('what somebody says stays is not listed any more, but not while a cycle works on it', async () => {
  const { at, effect, close, inForce } = await ended();
  await effect('cycle-1/1/held', {}, ['intended', 'applied', 'adopted']);
  expect((await inForce())[0]?.next).toContain('its cycle runs: hale abort');
  expect(failureOf(await hale(['keep', 'cycle-1/1/held', '--json', ...at]))).toMatchObject({ code: 'notFound' });
  await close();
  expect(await hale(['keep', 'cycle-1/1/held', '--by', 'ada', '--reason', 'merged', ...at])).toMatchObject({ code: 0 });
  expect(await inForce()).toEqual([]);
  expect(failureOf(await hale(['keep', 'cycle-1/1/held', '--json', ...at]))).toMatchObject({ code: 'notFound' });
});
