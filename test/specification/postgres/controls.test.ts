import { expect, test } from 'vitest';
import type pg from 'pg';
import { ALL_SERVICES, postgresControls, postgresSwitches, type Order } from '../../../adapters/postgres/controls.js';
import { minimalFile } from '../../support/configuration.js';
import { configured } from '../../support/configured.js';
import { freshDatabase } from '../../support/database.js';

let orders = 0;
const byAda = (reason?: string): Order => ({ by: 'ada', key: `order-${(orders += 1)}`, ...(reason === undefined ? {} : { reason }) });

async function ledger(pool: pg.Pool): Promise<string[]> {
  const { rows } = await pool.query<{ kind: string }>("select body::jsonb->>'kind' as kind from events order by seq");
  return rows.map((row) => row.kind);
}

test('automation is stopped from the first stop until it is lifted', async () => {
  const { pool } = await freshDatabase();
  const [controls, switches] = [postgresControls(pool), postgresSwitches(pool)];
  expect(await controls.stopped()).toBe(false);
  expect(await switches.stop(byAda())).toBeUndefined();
  expect(await controls.stopped()).toBe(true);
  expect(await switches.stop({ by: 'bob', key: 'second' })).toMatchObject({ by: 'ada' });
  expect(await switches.liftStop(byAda())).toMatchObject({ by: 'ada' });
  expect(await controls.stopped()).toBe(false);
  expect(await switches.liftStop(byAda())).toBeUndefined();
  expect(await ledger(pool)).toEqual(['stop.set', 'stop.lifted']);
});

test('kill switch absence: an unreachable database throws instead of saying that nothing is stopped', async () => {
  const { pool } = await freshDatabase();
  await pool.query('alter table settings rename to gone');
  await expect(postgresControls(pool).stopped()).rejects.toThrow('settings');
});

test('kill switch abuse: with four eyes a stop is lifted by somebody else than whoever pressed it', async () => {
  const { pool } = await configured(`${minimalFile}policy: {resume: {fourEyes: true}}\n`);
  const [controls, switches] = [postgresControls(pool), postgresSwitches(pool)];
  await switches.stop(byAda());
  const refused = await switches.liftStop({ by: ' ADA', key: 'again' });
  expect(refused?.objection).toContain('somebody else must lift the stop');
  expect(await controls.stopped()).toBe(true);
  expect(await switches.liftStop({ by: 'bob', key: 'bob' })).not.toHaveProperty('objection');
  expect(await controls.stopped()).toBe(false);
  expect((await ledger(pool)).slice(-3)).toEqual(['stop.set', 'stop.kept', 'stop.lifted']);
});

test('a pause counts for its own service and only until it ends', async () => {
  const { pool } = await freshDatabase();
  const [controls, switches] = [postgresControls(pool), postgresSwitches(pool)];
  const until = Date.now() + 60_000;
  await switches.pause('shop', until, byAda('deploy'));
  expect(await controls.paused('shop')).toEqual({ by: 'ada', until });
  expect(await controls.paused('shop-2')).toBeUndefined();
  await switches.pause('shop', Date.now() - 1, byAda());
  expect(await controls.paused('shop')).toBeUndefined();
});

test('a pause of all services counts for each, and ends apart from its own', async () => {
  const { pool } = await freshDatabase();
  const [controls, switches] = [postgresControls(pool), postgresSwitches(pool)];
  const until = Date.now() + 60_000;
  await switches.pause(ALL_SERVICES, until, byAda());
  await switches.pause('shop', until + 1, byAda());
  expect(await controls.paused('other')).toEqual({ by: 'ada', until });
  await switches.unpause(ALL_SERVICES, byAda());
  expect(await controls.paused('other')).toBeUndefined();
  expect(await controls.paused('shop')).toEqual({ by: 'ada', until: until + 1 });
  expect(await switches.unpause('shop', byAda())).toMatchObject({ by: 'ada' });
  expect(await switches.unpause('shop', byAda())).toBeUndefined();
});

test('of two persons` pauses the longer one stays, and each may shorten their own', async () => {
  const { pool } = await freshDatabase();
  const [controls, switches] = [postgresControls(pool), postgresSwitches(pool)];
  const [soon, later] = [Date.now() + 60_000, Date.now() + 120_000];
  const byBob = { by: 'bob', key: 'bob' };
  expect(await switches.pause('shop', later, byAda())).toBeUndefined();
  expect(await switches.pause('shop', soon, byBob)).toEqual({ by: 'ada', until: later, stays: true });
  expect(await controls.paused('shop')).toEqual({ by: 'ada', until: later });
  expect(await switches.pause('shop', soon, byAda())).toBeUndefined();
  expect(await switches.pause('shop', later, byBob)).toEqual({ by: 'ada', until: soon, stays: false });
  expect(await controls.paused('shop')).toEqual({ by: 'bob', until: later });
  await switches.pause('shop', Date.now() - 1, byBob);
  expect(await switches.pause('shop', soon, byAda())).toBeUndefined();
  expect(await ledger(pool)).toEqual(['pause.set', 'pause.set', 'pause.set', 'pause.set']);
});

test('the work of a person is ended in their name only', async () => {
  const { pool } = await freshDatabase();
  const [controls, switches] = [postgresControls(pool), postgresSwitches(pool)];
  const until = Date.now() + 60_000;
  expect(await switches.endWork('shop', 'ada', byAda())).toBeUndefined();
  await switches.work('shop', until, byAda());
  expect(await switches.work('shop', until - 1, { by: 'bob', key: 'b1' })).toEqual({ by: 'ada', until, stays: true });
  expect(await switches.endWork('shop', 'bob', { by: 'bob', key: 'b2' })).toEqual({ by: 'ada', until, ended: false });
  expect(await controls.atWork('shop', undefined)).toMatchObject({ by: 'ada' });
  expect(await switches.endWork('shop', 'ada', { by: 'bob', key: 'b3' })).toEqual({ by: 'ada', until, ended: true });
  expect(await controls.atWork('shop', undefined)).toBeUndefined();
  expect(await ledger(pool)).toEqual(['work.begun', 'work.ended']);
});

test('a repeated hold keeps the time of the first and is told once', async () => {
  const { pool } = await freshDatabase();
  const controls = postgresControls(pool);
  await controls.hold('shop', 'a', 'escalated', 'inc-1');
  const first = await controls.held('shop', 'a');
  await controls.hold('shop', 'a', 'escalated', 'inc-1');
  expect(await controls.held('shop', 'a')).toEqual(first);
  expect(first).toMatchObject({ outcome: 'escalated' });
  expect(await controls.held('shop', undefined)).toBeUndefined();
  expect(await ledger(pool)).toEqual(['hold.set']);
});

test('a person lets go of every hold of a service and of no other', async () => {
  const { pool } = await freshDatabase();
  const [controls, switches] = [postgresControls(pool), postgresSwitches(pool)];
  for (const instance of [undefined, 'a']) await controls.hold('shop', instance, 'stranded', 'inc-1');
  await controls.hold('shop-2', undefined, 'escalated', 'inc-2');
  expect(await switches.resumeHolds('shop', byAda())).toBe(2);
  expect(await controls.held('shop', 'a')).toBeUndefined();
  expect(await controls.held('shop-2', undefined)).toBeDefined();
  await controls.releaseHold('shop-2', undefined, 'healthy for 10s');
  expect(await controls.held('shop-2', undefined)).toBeUndefined();
  expect(await ledger(pool)).toEqual(['hold.set', 'hold.set', 'hold.set', 'hold.released', 'hold.released', 'hold.released']);
});

test('a hold after a release is a new hold', async () => {
  const { pool } = await freshDatabase();
  const controls = postgresControls(pool);
  for (let i = 0; i < 2; i += 1) {
    await controls.hold('shop', undefined, 'escalated', 'inc-1');
    await controls.releaseHold('shop', undefined, 'healthy');
  }
  expect(await ledger(pool)).toEqual(['hold.set', 'hold.released', 'hold.set', 'hold.released']);
});

test('when a switch was last let go of is remembered', async () => {
  const { pool } = await freshDatabase();
  const [controls, switches] = [postgresControls(pool), postgresSwitches(pool)];
  expect(await controls.liftedAt()).toBeUndefined();
  await switches.stop(byAda());
  expect(await controls.liftedAt()).toBeUndefined();
  await switches.liftStop(byAda());
  const first = await controls.liftedAt();
  expect(first).toBeGreaterThan(Date.now() - 60_000);
  await switches.pause('shop', Date.now() + 60_000, byAda());
  await switches.unpause('shop', byAda());
  expect(await controls.liftedAt()).toBeGreaterThan(first ?? Infinity);
});
