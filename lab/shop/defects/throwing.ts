import type pg from 'pg';
import type { Answer } from '../contract.js';

let asked = 0;

/** Lists orders. The defect: a discount is read from a row that every third request does not have. */
export async function answerOrders(pool: pg.Pool, table: string): Promise<Answer> {
  asked += 1;
  const { rows } = await pool.query<{ id: number; quantity: number }>(`select id, quantity from ${table} order by id limit 20`);
  const discounted = rows[asked % 3 === 0 ? rows.length : 0];
  if (discounted === undefined) throw new Error('discount of undefined');
  return [200, `${JSON.stringify([discounted, ...rows])}\n`];
}
