import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { transaction } from '../../../adapters/postgres/database.js';
import { appendEvent, recordOnce } from '../../../adapters/postgres/ledger.js';
import { freshDatabase } from '../../support/database.js';

const event = (key: string) => ({ key, kind: 'test', service: 'shop', data: { text: 'naïve "quoted"' } });

test('twenty writers at once leave a gapless sequence and an unbroken hash chain', async () => {
  const { pool } = await freshDatabase();
  const writes = Array.from({ length: 200 }, (_, i) => transaction(pool, (queries) => appendEvent(queries, event(`k${i}`))));
  await Promise.all(writes);
  const { rows } = await pool.query<{ seq: string; body: string; hash: string }>('select seq, body, hash from events order by seq');
  expect(rows.map((row) => Number(row.seq))).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
  let hash = createHash('sha256').update('hale').digest('hex');
  for (const row of rows) {
    hash = createHash('sha256')
      .update(hash + row.body)
      .digest('hex');
    expect(row.hash).toBe(hash);
  }
});

test('a key already in the ledger is recorded once, also when two race for it', async () => {
  const { pool } = await freshDatabase();
  const racers = Array.from({ length: 10 }, () => recordOnce(pool, event('same'), async () => undefined));
  await Promise.all(racers);
  const { rows } = await pool.query<{ n: string; seq: string }>('select count(*) n, (select seq from ledger_head) seq from events');
  expect(rows[0]).toEqual({ n: '1', seq: '1' });
});

test('work that fails leaves neither its rows nor its event behind', async () => {
  const { pool } = await freshDatabase();
  const failing = recordOnce(pool, event('never'), async (queries) => {
    await queries.query(`insert into settings values ('x', '1', 'test')`);
    throw new Error('planned');
  });
  await expect(failing).rejects.toThrow('planned');
  const { rows } = await pool.query('select 1 from events union all select 1 from settings');
  expect(rows).toHaveLength(0);
});
