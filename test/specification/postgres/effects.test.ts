import { expect, test } from 'vitest';
import { postgresEffects } from '../../../adapters/postgres/effects.js';
import { postgresIncidents } from '../../../adapters/postgres/incidents.js';
import { freshDatabase } from '../../support/database.js';

const image = { identity: 'before', summary: 'as it was', content: {} };
const actionId = 'cycle-1/1/reload';

async function prepared() {
  const { pool } = await freshDatabase();
  const effects = postgresEffects(pool);
  const place = { cycle: 'cycle-1', service: 'shop', configVersion: 'v1' };
  const { incident } = await postgresIncidents(pool).open({
    ...place,
    key: 'cycle-1/opened/0',
    workflowId: 'heal/shop/-',
    by: 'test',
    onset: 0,
    relapseWithinMs: 0,
  });
  const prepare = (id: string, cycle = 'cycle-1') =>
    effects.prepare({
      ...place,
      cycle,
      incident,
      actionId: id,
      correction: 'reload',
      undo: 'restores',
      resource: 'unit/shop',
      before: image,
    });
  await prepare(actionId);
  return { ...effects, pool, incident, prepare };
}

test('what an outranked try says about an effect is not taken', async () => {
  const effects = await prepared();
  expect(await effects.move(actionId, ['prepared'], 'intended', { fence: '9' })).toBe(true);
  expect(await effects.move(actionId, ['intended'], 'intended', { fence: '10' })).toBe(true);
  expect(await effects.move(actionId, ['intended'], 'notApplied', { fence: '9' })).toBe(false);
  expect(await effects.get(actionId)).toMatchObject({ state: 'intended', fence: '10' });
});

test('an effect tells how long ago its last try began, and nothing before one has', async () => {
  const effects = await prepared();
  expect(await effects.get(actionId)).not.toHaveProperty('sinceIntendedMs');
  await effects.move(actionId, ['prepared'], 'intended', { fence: '1' });
  const { sinceIntendedMs } = (await effects.get(actionId)) ?? {};
  expect(sinceIntendedMs).toBeGreaterThan(0);
  expect(sinceIntendedMs).toBeLessThan(60_000);
});

test('an effect moves only from a state that was given', async () => {
  const effects = await prepared();
  expect(await effects.move(actionId, ['intended', 'applied', 'unknown'], 'undone', { fence: '1' })).toBe(false);
  expect(await effects.get(actionId)).toMatchObject({ state: 'prepared', fence: '0' });
  await effects.move(actionId, ['prepared'], 'intended', { fence: '1' });
  expect(await effects.move(actionId, ['prepared'], 'intended', { fence: '2' })).toBe(false);
  expect(await effects.move('cycle-1/1/other', ['intended'], 'applied')).toBe(false);
});

test('of two tries that begin at once only one is to act', async () => {
  const effects = await prepared();
  const began = await Promise.all(['1', '2', '3', '4'].map((fence) => effects.move(actionId, ['prepared'], 'intended', { fence })));
  expect(began.filter(Boolean)).toHaveLength(1);
});

test('a move that is not made leaves no line in the ledger', async () => {
  const effects = await prepared();
  await effects.move(actionId, ['prepared'], 'intended', { fence: '2' });
  await effects.move(actionId, ['intended'], 'applied', { fence: '1' });
  const { rows } = await effects.pool.query<{ kind: string }>("select body::jsonb->>'kind' as kind from events order by seq");
  expect(rows.map(({ kind }) => kind)).toEqual(['cycle.opened', 'effect.intended']);
});

test('preparing again keeps the before-image that was stored first', async () => {
  const effects = await prepared();
  await effects.move(actionId, ['prepared'], 'intended', { fence: '1' });
  expect(await effects.prepare(actionId)).toMatchObject({ state: 'intended', before: { identity: 'before' } });
});

test('only what may have touched the world counts as an attempt and starts a cooldown', async () => {
  const effects = await prepared();
  const counted = async () => [await effects.attempts(effects.incident), await effects.lastAppliedAt('shop', undefined, 'reload')];
  expect(await counted()).toEqual([0, undefined]);
  await effects.move(actionId, ['prepared'], 'intended', { fence: '1' });
  expect(await counted()).toEqual([1, expect.any(Number)]);
  await effects.move(actionId, ['intended'], 'notApplied', { fence: '1' });
  expect(await counted()).toEqual([0, undefined]);
  await effects.prepare('cycle-1/2/reload');
  await effects.move('cycle-1/2/reload', ['prepared'], 'unknown', { fence: '2' });
  expect((await counted())[0]).toBe(1);
});

test('a cooldown is that of one correction of one service or instance', async () => {
  const effects = await prepared();
  await effects.move(actionId, ['prepared'], 'intended', { fence: '1' });
  expect(await effects.lastAppliedAt('shop', undefined, 'restart')).toBeUndefined();
  expect(await effects.lastAppliedAt('shop', 'shop-2', 'reload')).toBeUndefined();
  expect(await effects.lastAppliedAt('till', undefined, 'reload')).toBeUndefined();
});

test('what other cycles left open is found until somebody settles it', async () => {
  const effects = await prepared();
  const open = async (cycle: string) => (await effects.open('shop', undefined, cycle)).map(({ actionId: id }) => id);
  expect(await open('cycle-2')).toEqual([]);
  await effects.move(actionId, ['prepared'], 'intended', { fence: '1' });
  expect(await open('cycle-2')).toEqual([actionId]);
  expect(await open('cycle-1')).toEqual([]);
  await effects.move(actionId, ['intended'], 'unknown', { fence: '1' });
  expect(await open('cycle-2')).toEqual([actionId]);
  await effects.move(actionId, ['unknown'], 'adopted');
  expect(await open('cycle-2')).toEqual([]);
});
