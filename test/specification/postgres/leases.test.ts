import { expect, test } from 'vitest';
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

test('every acquisition gets a larger fencing token and ends the earlier one', async () => {
  const { pool } = await freshDatabase();
  const leases = postgresLeases(pool);
  expect(await leases.acquire('db/1', 'a', MINUTE)).toMatchObject({ kind: 'held', fence: '1' });
  expect(await leases.acquire('db/1', 'a', MINUTE)).toMatchObject({ kind: 'held', fence: '2' });
  expect(await leases.holds('db/1', 'a', '1', 0)).toBe(false);
  await leases.releaseAll('a');
  expect(await leases.acquire('db/1', 'b', MINUTE)).toMatchObject({ kind: 'held', fence: '3' });
  expect(await leases.holds('db/1', 'a', '2', 0)).toBe(false);
});

test('a token is larger than every earlier one of any resource, since two may lead to one target', async () => {
  const { pool } = await freshDatabase();
  const leases = postgresLeases(pool);
  await leases.acquire('exec/restart', 'a', MINUTE);
  await leases.acquire('exec/restart', 'a', MINUTE);
  expect(await leases.acquire('file/shop.conf', 'b', MINUTE)).toMatchObject({ kind: 'held', fence: '3' });
  expect(await leases.acquire('exec/restart', 'a', MINUTE)).toMatchObject({ kind: 'held', fence: '4' });
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
  expect(await leases.acquire('db/1', 'b', MINUTE)).toMatchObject({ kind: 'held', fence: '2' });
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
  expect(await leases.acquire('db/1', 'a', 1_000)).toMatchObject({ kind: 'held', fence: '2' });
  expect(await leases.holds('db/1', 'a', '2', MINUTE / 2)).toBe(true);
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
