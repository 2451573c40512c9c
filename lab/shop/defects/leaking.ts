import type pg from 'pg';
import type { Answer } from '../contract.js';

/** The defect: a cache that nothing is ever removed from. */
const cache: number[][] = [];

/** Lists orders, and remembers every answer for ever; a heap of 64 MB is full after a few hundred requests. */
export async function answerOrders(pool: pg.Pool, table: string): Promise<Answer> {
  const { rows } = await pool.query<{ id: number; quantity: number }>(`select id, quantity from ${table} order by id limit 20`);
  cache.push(Array.from({ length: 20_000 }, (_, at) => at + (rows[at % rows.length]?.quantity ?? 0) / 2 + 0.25));
  return [200, `${JSON.stringify(rows)}\n`];
}
