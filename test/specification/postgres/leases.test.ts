import { expect, test } from 'vitest';
import type { Leases } from '../../../activities/ports.js';
import { postgresLeases } from '../../../adapters/postgres/leases.js';
import { freshDatabase } from '../../support/database.js';
import { shopConfigured, shopIncident } from '../../support/recorded.js';

const MINUTE = 60_000;

test('only one of many holders gets the lease of a resource', async () => {
  const { pool } = await freshDatabase();
  const leases = postgresLeases(pool);
  const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => leases.acquire('db/1', `cycle-${i}`, MINUTE)));
  expect(answers.filter((a) => a.kind === 'held')).toHaveLength(1);
});

/** Takes the lease and answers its token. */
async function fenceOf(leases: Leases, resource: string, holder: string): Promise<number> {
  const lease = await leases.acquire(resource, holder, MINUTE);
  if (lease.kind === 'taken') throw new Error(`${resource} is taken by ${lease.by}`);
  return Number(lease.fence);
}

test('every acquisition gets a larger fencing token and ends the earlier one', async () => {
  const { pool } = await freshDatabase();
  const leases = postgresLeases(pool);
  const first = await fenceOf(leases, 'db/1', 'a');
  const second = await fenceOf(leases, 'db/1', 'a');
  expect(second).toBeGreaterThan(first);
  expect(await leases.holds('db/1', 'a', String(first), 0)).toBe(false);
  expect(await leases.holds('db/1', 'a', String(second), 0)).toBe(true);
  await leases.releaseAll('a');
  expect(await fenceOf(leases, 'db/1', 'b')).toBeGreaterThan(second);
  expect(await leases.holds('db/1', 'a', String(second), 0)).toBe(false);
});

test('a token is larger than every earlier one of any resource, since two may lead to one target', async () => {
  const { pool } = await freshDatabase();
  const leases = postgresLeases(pool);
  const tokens = [];
  for (const resource of ['exec/restart', 'exec/restart', 'file/shop.conf', 'exec/restart'])
    tokens.push(await fenceOf(leases, resource, 'a'));
  expect(tokens).toEqual([...tokens].sort((a, b) => a - b));
  expect(new Set(tokens).size).toBe(tokens.length);
});

test('no two resources taken at the same moment get one token', async () => {
  const { pool } = await freshDatabase();
  const leases = postgresLeases(pool);
  const tokens = await Promise.all(Array.from({ length: 30 }, (_, i) => fenceOf(leases, `db/${i % 10}`, `cycle-${i % 10}`)));
  expect(new Set(tokens).size).toBe(30);
});

test('a lease in force is refused to others with the name of its holder', async () => {
  const { pool } = await freshDatabase();
  const leases = postgresLeases(pool);
  await leases.acquire('db/1', 'a', MINUTE);
  expect(await leases.acquire('db/1', 'b', MINUTE)).toMatchObject({ kind: 'taken', by: 'a' });
});

test('a lease that ends too soon for the call does not count as held', async () => {
  const { pool } = await freshDatabase();
  const leases = postgresLeases(pool);
  await leases.acquire('db/1', 'a', 5_000);
  expect(await leases.holds('db/1', 'a', '1', 1_000)).toBe(true);
  expect(await leases.holds('db/1', 'a', '1', 10_000)).toBe(false);
});

test('a lease that ran out passes to whoever asks, under a larger token', async () => {
  const { pool } = await freshDatabase();
  const leases = postgresLeases(pool);
  await leases.acquire('db/1', 'a', 0);
  expect(await leases.holds('db/1', 'a', '1', 0)).toBe(false);
  expect(await fenceOf(leases, 'db/1', 'b')).toBeGreaterThan(1);
});

test('a lease counts as held only for its holder, its token and its resource', async () => {
  const { pool } = await freshDatabase();
  const leases = postgresLeases(pool);
  await leases.acquire('db/1', 'a', MINUTE);
  expect(await leases.holds('db/1', 'a', '1', 0)).toBe(true);
  expect(await leases.holds('db/1', 'b', '1', 0)).toBe(false);
  expect(await leases.holds('db/1', 'a', '2', 0)).toBe(false);
  expect(await leases.holds('db/2', 'a', '1', 0)).toBe(false);
});

test('a holder that asks again for a shorter time keeps the longer one', async () => {
  const { pool } = await freshDatabase();
  const leases = postgresLeases(pool);
  await leases.acquire('db/1', 'a', MINUTE);
  const again = await leases.acquire('db/1', 'a', 1_000);
  expect(await leases.holds('db/1', 'a', again.kind === 'held' ? again.fence : '', MINUTE / 2)).toBe(true);
});

test('an heir takes over the leases of ended cycles under a larger token', async () => {
  const { pool } = await freshDatabase();
  const fleet = await shopConfigured(pool);
  await shopIncident(pool, fleet, 'ended', 'heal/shop/-');
  const leases = postgresLeases(pool);
  await leases.acquire('db/1', 'ended', MINUTE);
  await leases.inherit('shop', undefined, 'heir');
  expect(await leases.holds('db/1', 'ended', '1', 0)).toBe(false);
  expect(await leases.holds('db/1', 'heir', '2', 0)).toBe(true);
});

test('an heir takes nothing from cycles of other services and instances, nor from itself', async () => {
  const { pool } = await freshDatabase();
  const fleet = await shopConfigured(pool);
  await shopIncident(pool, fleet, 'ended', 'heal/shop/-');
  const leases = postgresLeases(pool);
  await leases.acquire('db/1', 'ended', MINUTE);
  await leases.acquire('db/2', 'unknown', MINUTE);
  await leases.inherit('till', undefined, 'heir');
  await leases.inherit('shop', 'shop-2', 'heir');
  await leases.inherit('shop', undefined, 'ended');
  expect(await leases.holds('db/1', 'ended', '1', 0)).toBe(true);
  expect(await leases.holds('db/2', 'unknown', '2', 0)).toBe(true);
});

test('a holder lets go of its own leases and of no others', async () => {
  const { pool } = await freshDatabase();
  const leases = postgresLeases(pool);
  await leases.acquire('db/1', 'a', MINUTE);
  await leases.acquire('db/2', 'b', MINUTE);
  await leases.releaseAll('a');
  expect(await leases.acquire('db/1', 'c', MINUTE)).toMatchObject({ kind: 'held' });
  expect(await leases.acquire('db/2', 'c', MINUTE)).toMatchObject({ kind: 'taken', by: 'b' });
});
