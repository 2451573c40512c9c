import { expect, test } from 'vitest';
import { postgresLeases } from '../../../adapters/postgres/leases.js';
import { freshDatabase } from '../../support/database.js';

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
