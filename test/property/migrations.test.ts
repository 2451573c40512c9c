import { expect, test } from 'vitest';
import { migrate } from '../../adapters/postgres/database.js';
import { freshDatabase } from '../support/database.js';

test('migrating a database that is up to date changes nothing', async () => {
  const { pool, url } = await freshDatabase();
  await Promise.all([migrate(url), migrate(url)]);
  const { rows } = await pool.query<{ n: string }>('select count(*) n from migrations');
  expect(rows[0]?.n).toBe('1');
});

test('the ledger refuses to change what it holds', async () => {
  const { pool } = await freshDatabase();
  await expect(pool.query('delete from events')).rejects.toThrow('append-only');
});
