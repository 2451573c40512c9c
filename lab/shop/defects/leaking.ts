import type pg from 'pg';
import type { Answer } from '../contract.js';

/** The defect: a cache that nothing is ever removed from. */
const cache: number[][] = [];

/** Lists orders, and remembers every answer for ever; a heap of 64 MB is full after a few hundred requests. */
export async function answerOrders(pool: pg.Pool, table: string): Promise<Answer> {
  const { rows } = await pool.query<{ id: number; quantity: number }>(`select id, quantity from ${table} order by id limit 20`);
  cache.push(Array.from(new Float64Array(30_000).fill(0.5 + (rows[0]?.quantity ?? 0))));
  return [200, `${JSON.stringify(rows)}\n`];
}
