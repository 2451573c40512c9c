import { expect, test } from 'vitest';
import { migrate } from '../../adapters/postgres/database.js';
import { freshDatabase } from '../support/database.js';

test('migrating a database that is up to date changes nothing', async () => {
  const { pool, url } = await freshDatabase();
  const applied = async () => (await pool.query('select * from migrations order by 1')).rows;
  const before = await applied();
  await Promise.all([migrate(url), migrate(url)]);
  expect(before.length).toBeGreaterThan(0);
  expect(await applied()).toEqual(before);
});

test('the ledger refuses to change what it holds', async () => {
  const { pool } = await freshDatabase();
  await expect(pool.query('delete from events')).rejects.toThrow('append-only');
});
