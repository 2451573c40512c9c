import { expect, test } from 'vitest';
import { dayOf, keepDays, postgresSamples } from '../../adapters/postgres/samples.js';
import { postgresShards } from '../../adapters/postgres/shards.js';
import type { Reading, SignalReading } from '../../domain/reading.js';
import { freshDatabase } from '../support/database.js';

const dayMs = 24 * 3_600_000;
const of = (reading: Reading, instance?: string): SignalReading => ({
  service: 'shop',
  ...(instance === undefined ? {} : { instance }),
  signal: 'up',
  reading,
});
const value = (at: number, v: number): Reading => ({ kind: 'value', at, value: v });

async function claimed() {
  const { pool } = await freshDatabase();
  const shards = postgresShards(pool);
  return { pool, shards, samples: postgresSamples(pool), ...(await shards.claim(0)) };
}

test('readings of every kind come back as they were stored', async () => {
  const { shards, samples, generation } = await claimed();
  const now = Date.now();
  const readings: Reading[] = [
    value(now, 0.25),
    { kind: 'unbounded', at: now + 1, sign: -1 },
    { kind: 'noData', at: now + 2, reason: 'ambiguous', detail: 'two\nseries: a, b' },
  ];
  await shards.store(
    0,
    generation,
    readings.map((reading) => of(reading)),
  );
  await shards.store(0, generation, [of(value(now, 9), 'node-7')]);
  expect(await samples.since('shop', undefined, 'up', now)).toEqual(readings);
  expect(await samples.since('shop', undefined, 'up', now + 1)).toHaveLength(2);
  expect(await samples.ofServices(['shop', 'other'], now)).toHaveLength(4);
  expect(await samples.ofServices(['other'], now)).toEqual([]);
});

test('row 31: of two samples with one time the last wins, in one write and over writes', async () => {
  const { shards, samples, generation } = await claimed();
  const now = Date.now();
  await shards.store(0, generation, [of(value(now, 1)), of(value(now, 2))]);
  expect(await samples.since('shop', undefined, 'up', now)).toEqual([value(now, 2)]);
  await shards.store(0, generation, [of(value(now, 3))]);
  expect(await samples.since('shop', undefined, 'up', now)).toEqual([value(now, 3)]);
});

test('row 31: a sample hours late finds its day', async () => {
  const { shards, samples, generation } = await claimed();
  const late = dayOf(Date.now()) - 2 * 3_600_000;
  await shards.store(0, generation, [of(value(late, 1))]);
  expect(await samples.since('shop', undefined, 'up', late)).toEqual([value(late, 1)]);
});

test('a watcher whose claim was taken over writes neither samples nor state', async () => {
  const { shards, samples, generation } = await claimed();
  const later = await shards.claim(0);
  const now = Date.now();
  expect(await shards.store(0, generation, [of(value(now, 1))], { stale: true })).toBe(false);
  expect(await samples.since('shop', undefined, 'up', now)).toEqual([]);
  expect(await shards.store(0, later.generation, [], { mine: true })).toBe(true);
  expect((await shards.claim(0)).state).toEqual({ mine: true });
});

test('claims made at once get different generations', async () => {
  const { shards } = await claimed();
  const claims = await Promise.all(Array.from({ length: 10 }, () => shards.claim(3)));
  expect(new Set(claims.map((claim) => claim.generation)).size).toBe(10);
});

test('days are kept for thirty days and then dropped whole', async () => {
  const { pool, shards, samples, generation } = await claimed();
  const today = dayOf(Date.now());
  const [first, old] = [today - 30 * dayMs, today - 31 * dayMs];
  await keepDays(pool, [old], old);
  await pool.query("insert into samples values ('shop', '-', 'up', to_timestamp($1::float8 / 1000), 1)", [old]);
  await shards.store(0, generation, [of(value(first, 1)), of(value(today, 2))]);
  expect(await samples.since('shop', undefined, 'up', old)).toEqual([value(first, 1), value(today, 2)]);
});

test('a sample past keeping is left out and fails nobody', async () => {
  const { shards, samples, generation } = await claimed();
  const now = Date.now();
  const old = now - 40 * dayMs;
  expect(await shards.store(0, generation, [of(value(old, 1)), of(value(now, 2))])).toBe(true);
  expect(await samples.since('shop', undefined, 'up', old)).toEqual([value(now, 2)]);
});

test('workers that make the same day at once both succeed', async () => {
  const { pool } = await freshDatabase();
  const day = dayOf(Date.now());
  await Promise.all(Array.from({ length: 5 }, () => keepDays(pool, [day, day + dayMs], day)));
  const { rows } = await pool.query("select from pg_inherits where inhparent = 'samples'::regclass");
  expect(rows).toHaveLength(2);
});
