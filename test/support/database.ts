import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { inject, onTestFinished } from 'vitest';
import { openDatabase } from '../../adapters/postgres/database.js';

/** A migrated database of this test's own, dropped when it ends. */
export async function freshDatabase(): Promise<{ pool: pg.Pool; url: string }> {
  const name = `t_${randomUUID().replaceAll('-', '')}`;
  await admin(`create database ${name} template template_hale`);
  const url = inject('postgresUrl').replace(/\/postgres$/, `/${name}`);
  const pool = openDatabase(url);
  onTestFinished(async () => {
    await pool.end();
    await admin(`drop database ${name} with (force)`);
  });
  return { pool, url };
}

async function admin(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: inject('postgresUrl') });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
