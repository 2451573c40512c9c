import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
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
    await deserted(name);
    await admin(`drop database ${name} with (force)`);
  });
  return { pool, url };
}

/** A connection that is still closing when its database is dropped dies with an error that no test waits for. */
async function deserted(name: string): Promise<void> {
  const until = Date.now() + 2_000;
  const connected = async () => (await admin(`select from pg_stat_activity where datname = '${name}'`)).rowCount !== 0;
  while ((await connected()) && Date.now() < until) await wait(20);
}

async function admin(sql: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: inject('postgresUrl') });
  await client.connect();
  try {
    return await client.query(sql);
  } finally {
    await client.end();
  }
}
