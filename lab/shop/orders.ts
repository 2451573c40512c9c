import type pg from 'pg';
import type { Answer } from './contract.js';

/** Lists orders, or with POST counts one up. */
export async function answerOrders(pool: pg.Pool, table: string, method: string): Promise<Answer> {
  if (method === 'POST') {
    await pool.query(`update ${table} set quantity = quantity + 1 where id = $1`, [1 + Math.floor(Math.random() * 200)]);
    return [200, 'counted\n'];
  }
  const { rows } = await pool.query(`select id, quantity from ${table} order by id limit 20`);
  return [200, `${JSON.stringify(rows)}\n`];
}
