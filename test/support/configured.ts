import { Client, Connection } from '@temporalio/client';
import type pg from 'pg';
import type { Ports } from '../../activities/ports.js';
import { storeConfiguration } from '../../adapters/postgres/configurations.js';
import type { Fleet } from '../../domain/service.js';
import { composePorts } from '../../workers/compose.js';
import { check } from './configuration.js';
import { freshDatabase } from './database.js';

/** A database of this test's own with this configuration as version `v1`, and every real adapter on it. */
export async function configured(yaml: string): Promise<{ readonly pool: pg.Pool; readonly fleet: Fleet; readonly ports: Ports }> {
  const { pool } = await freshDatabase();
  const checked = await check({ 'hale.yaml': yaml });
  if (checked.kind === 'refused') throw new Error(JSON.stringify(checked.errors));
  const fleet = { ...checked.fleet, version: 'v1' };
  await storeConfiguration(pool, fleet, 'hale.yaml', 'test');
  // No single activity talks to Temporal but through its context: the connection is never made.
  return { pool, fleet, ports: composePorts(pool, new Client({ connection: Connection.lazy() })) };
}
