import type pg from 'pg';
import { expect, test } from 'vitest';
import { postgresControls, postgresSwitches } from '../../../adapters/postgres/controls.js';
import { postgresEffects } from '../../../adapters/postgres/effects.js';
import { postgresIncidents } from '../../../adapters/postgres/incidents.js';
import { postgresLeases } from '../../../adapters/postgres/leases.js';
import { postgresSamples } from '../../../adapters/postgres/samples.js';
import type { EffectState } from '../../../domain/effect.js';
import { freshDatabase } from '../../support/database.js';
import { closed, shopConfigured, shopIncident, shopMeasured } from '../../support/recorded.js';

const HOUR = 3_600_000;
const budget = { max: 3, inMs: HOUR, per: 'service', of: 'shop', services: ['shop'] } as const;
const image = (identity: string) => ({ identity, summary: identity, content: {} });

async function shop() {
  const { pool } = await freshDatabase();
  const incident = await shopIncident(pool, await shopConfigured(pool));
  const effects = postgresEffects(pool);
  const prepare = async (actionId: string, more: { instance?: string; resource?: string; correction?: string } = {}) => {
    const common = {
      cycle: 'cycle-1',
      incident,
      service: 'shop',
      correction: 'restart',
      resource: 'unit/shop',
      configVersion: 'v1',
      undo: 'restores',
    } as const;
    await effects.prepare({ actionId, ...common, ...more, before: image('before') });
  };
  return { pool, incident, effects, prepare };
}

/** One change that went this way. */
async function changed(effects: ReturnType<typeof postgresEffects>, actionId: string, ...states: readonly EffectState[]): Promise<void> {
  let from: EffectState = 'prepared';
  for (const to of states) {
    await effects.move(actionId, [from], to, { fence: '1', after: image(`after-${actionId}`) });
    from = to;
  }
}

const grow = (pool: pg.Pool, ms: number, where = 'true') =>
  pool.query(`update effects set intended_at = intended_at - $1 * interval '1 ms' where ${where}`, [ms]);

test('of twenty that begin at the same moment no more act than the budget has left', async () => {
  const { effects, prepare } = await shop();
  const ids = Array.from({ length: 20 }, (_, index) => `a${index}`);
  for (const id of ids) await prepare(id);
  const begun = await Promise.all(ids.map((id) => effects.begin(id, { fence: '1' }, { budgets: [budget] })));
  expect(begun.filter(({ kind }) => kind === 'begun')).toHaveLength(3);
  expect(begun.find(({ kind }) => kind === 'noRoom')).toMatchObject({ why: 'the budget of shop is used up: 3 of 3 corrections within 1h' });
  expect(await effects.used(budget)).toBe(3);
});

test('every budget has to have room', async () => {
  const { effects, prepare } = await shop();
  for (const id of ['a', 'b']) await prepare(id);
  const both = { budgets: [budget, { ...budget, max: 1, services: ['shop'], correction: 'restart', of: 'restart of shop' }] };
  expect(await effects.begin('a', { fence: '1' }, both)).toEqual({ kind: 'begun' });
  expect(await effects.begin('b', { fence: '1' }, both)).toMatchObject({ kind: 'noRoom' });
});

test('what has begun already is not begun again', async () => {
  const { effects, prepare } = await shop();
  await prepare('a');
  await effects.begin('a', { fence: '1' }, { budgets: [] });
  expect(await effects.begin('a', { fence: '2' }, { budgets: [] })).toEqual({ kind: 'elsewhere' });
});

test('a budget counts what may have touched the world within its time, and no wait', async () => {
  const { pool, effects, prepare } = await shop();
  for (const id of ['prepared', 'refused', 'old', 'waited', 'undone', 'unknown'])
    await prepare(id, id === 'waited' ? { resource: 'wait/shop/-' } : {});
  await changed(effects, 'refused', 'intended', 'notApplied');
  await changed(effects, 'old', 'intended', 'applied');
  await changed(effects, 'waited', 'intended', 'applied');
  await changed(effects, 'undone', 'intended', 'applied', 'undoing', 'undone');
  await changed(effects, 'unknown', 'intended', 'unknown');
  await grow(pool, HOUR, "action_id = 'old'");
  expect(await effects.used(budget)).toBe(2);
  expect(await effects.used({ ...budget, inMs: 2 * HOUR })).toBe(3);
  expect(await effects.used({ ...budget, correction: 'other' })).toBe(0);
  expect(await effects.used({ ...budget, services: ['cart'] })).toBe(0);
  expect(await effects.used({ max: 1, inMs: HOUR, per: 'environment', of: 'prod' })).toBe(2);
});

test('an instance counts as acted upon while its change is not settled, and another one that began meanwhile stops the next', async () => {
  const { effects, prepare } = await shop();
  for (const instance of ['a', 'b', 'c']) await prepare(instance, { instance });
  await changed(effects, 'a', 'intended', 'applied');
  expect(await effects.acting('shop')).toEqual(['a']);
  expect(await effects.begin('b', { fence: '1' }, { budgets: [], actingMax: 1 })).toEqual({ kind: 'begun' });
  expect(await effects.begin('c', { fence: '1' }, { budgets: [], actingMax: 1 })).toMatchObject({
    kind: 'noRoom',
    why: 'shop is being acted upon at a, b by now',
  });
  await effects.move('a', ['applied'], 'adopted');
  expect(await effects.begin('c', { fence: '1' }, { budgets: [], actingMax: 1 })).toEqual({ kind: 'begun' });
});

test('what became of a resource lately is told in order, with what it was and what it became', async () => {
  const { pool, effects, prepare } = await shop();
  for (const id of ['first', 'second', 'long-ago']) await prepare(id);
  await prepare('elsewhere', { resource: 'unit/cart' });
  for (const id of ['long-ago', 'first', 'elsewhere']) await changed(effects, id, 'intended', 'applied');
  await changed(effects, 'second', 'intended', 'applied', 'undoing', 'undone');
  await grow(pool, 2 * HOUR, "action_id = 'long-ago'");
  expect(await effects.turns('unit/shop', HOUR)).toMatchObject([
    { before: 'before', after: 'after-first', undone: false },
    { before: 'before', after: 'after-second', undone: true },
  ]);
});

test('how long a correction takes is the median of the times it held at this service', async () => {
  const { pool, effects, prepare } = await shop();
  expect(await effects.took('shop', 'restart')).toBeUndefined();
  for (const [id, seconds] of [
    ['a', 10],
    ['b', 20],
    ['c', 90],
    ['vain', 500],
  ] as const) {
    await prepare(id);
    await changed(effects, id, 'intended', 'applied', id === 'vain' ? 'undone' : 'adopted');
    await effects.judge(id, id === 'vain' ? 'unchanged' : 'held');
    await pool.query("update effects set settled_at = intended_at + $2 * interval '1 s' where action_id = $1", [id, seconds]);
  }
  expect(await effects.took('shop', 'restart')).toEqual({ medianMs: 20_000, of: 3 });
  expect(await effects.took('shop', 'last-good')).toBeUndefined();
  expect(await effects.took('cart', 'restart')).toBeUndefined();
});

test('the incident that a cycle would join is the open one, or one that ended a moment ago without a person', async () => {
  const { pool, incident } = await shop();
  const incidents = postgresIncidents(pool);
  expect(await incidents.joinable('shop', undefined, HOUR)).toBe(incident);
  expect(await incidents.openOf(['shop', 'cart'])).toEqual([{ incident, service: 'shop' }]);
  await closed(pool, incident, 'refused', 'no');
  expect(await incidents.joinable('shop', undefined, HOUR)).toBe(incident);
  expect(await incidents.joinable('shop', undefined, 0)).toBeUndefined();
  expect(await incidents.joinable('shop', 'a', HOUR)).toBeUndefined();
  expect(await incidents.openOf(['shop'])).toEqual([]);
});

test('a lease of an earlier cycle of the same service is nobody else’s', async () => {
  const { pool } = await shop();
  const leases = postgresLeases(pool);
  await leases.acquire('unit/shop', 'cycle-1', HOUR);
  expect(await leases.heldByOther('unit/shop', 'shop', undefined)).toBeUndefined();
  expect(await leases.heldByOther('unit/shop', 'cart', undefined)).toBe('cycle-1');
  await leases.releaseAll('cycle-1');
  expect(await leases.heldByOther('unit/shop', 'cart', undefined)).toBeUndefined();
});

test('a person is at work until the time that they said, or has taken over another part', async () => {
  const { pool } = await shop();
  const [controls, switches] = [postgresControls(pool), postgresSwitches(pool)];
  const order = (key: string) => ({ by: 'ada', key });
  expect(await controls.atWork('shop', 'a')).toBeUndefined();
  await switches.work('shop', Date.now() - 1, order('past'));
  expect(await controls.atWork('shop', 'a')).toBeUndefined();
  await controls.hold('shop', 'b', 'escalated', 'inc-1');
  expect(await controls.atWork('shop', 'a')).toBeUndefined();
  await controls.hold('shop', 'b', 'takenOver', 'inc-1');
  expect(await controls.atWork('shop', 'a')).toEqual({ by: 'a person', what: 'has taken over shop/b (inc-1)' });
  expect(await controls.atWork('shop', 'b')).toBeUndefined();
  await switches.work('shop', Date.now() + HOUR, order('now'));
  expect(await controls.atWork('shop', 'a')).toMatchObject({ by: 'ada' });
  expect(await switches.endWork('shop', 'ada', order('end'))).toMatchObject({ by: 'ada' });
  expect(await controls.atWork('shop', 'b')).toBeUndefined();
});

test('readings are counted against a bound, and those without a value count for neither side', async () => {
  const { pool } = await shop();
  await shopMeasured(pool, [1, 0, 1, 1, 0]);
  await pool.query(`update samples set value = null, reason = 'timeout: ' where ctid = (select ctid from samples order by at limit 1)`);
  const samples = postgresSamples(pool);
  const from = Date.now() - HOUR;
  expect(await samples.tally('shop', undefined, 'up', from, { above: 0 })).toEqual({ bad: 2, of: 4 });
  expect(await samples.tally('shop', undefined, 'up', from, { below: 1 })).toEqual({ bad: 2, of: 4 });
  expect(await samples.tally('shop', undefined, 'up', Date.now() + HOUR, { above: 0 })).toEqual({ bad: 0, of: 0 });
  await pool.query(`update samples set value = null, reason = 'unbounded: -1' where value = 1`);
  expect(await samples.tally('shop', undefined, 'up', from, { above: 0 })).toEqual({ bad: 4, of: 4 });
  expect(await samples.tally('shop', undefined, 'up', from, { below: 1 })).toEqual({ bad: 0, of: 4 });
});
