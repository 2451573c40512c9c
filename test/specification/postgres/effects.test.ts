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
  await effects.prepare({ ...place, incident, actionId, correction: 'reload', resource: 'unit/shop', before: image });
  return effects;
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
