import type pg from 'pg';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openDatabase, transaction } from '../../../adapters/postgres/database.js';
import { freshDatabase } from '../../support/database.js';

test('a connection that breaks in the middle of a transaction fails it, and does not end the process', async () => {
  const unheard = vi.fn();
  process.once('uncaughtException', unheard);
  onTestFinished(() => void process.removeListener('uncaughtException', unheard));
  const { pool: other, url } = await freshDatabase();
  const pool = openDatabase(url, 1);
  onTestFinished(() => pool.end());
  const broken = transaction(pool, async (queries) => {
    const { rows } = await queries.query<{ pid: number }>('select pg_backend_pid() as pid');
    const gone = new Promise<void>((resolve) => (queries as pg.PoolClient).once('end', resolve));
    await other.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
    await gone;
    await queries.query('select 1');
  });
  await expect(broken).rejects.toThrow();
  expect(unheard).not.toHaveBeenCalled();
  expect(await transaction(pool, (queries) => queries.query('select 1'))).toMatchObject({ rowCount: 1 });
});
