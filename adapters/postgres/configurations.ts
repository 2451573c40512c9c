import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { Configurations } from '../../activities/ports.js';
import type { Fleet } from '../../domain/service.js';
import { ALL_SERVICES } from './controls.js';
import { transaction } from './database.js';
import { appendEvent } from './ledger.js';

/** Stores a resolved configuration under its version and makes it the current one; the same again changes nothing. That it came into force is in the ledger. */
export async function storeConfiguration(pool: pg.Pool, fleet: Fleet, source: string, by: string): Promise<void> {
  await transaction(pool, async (queries) => {
    await queries.query(
      'insert into configurations (version, fleet, source, loaded_by) values ($1, $2, $3, $4) on conflict (version) do nothing',
      [fleet.version, JSON.stringify(fleet), source, by],
    );
    const activated = await queries.query(
      'insert into current_configuration (version) values ($1) on conflict (one) do update set version = excluded.version where current_configuration.version <> excluded.version',
      [fleet.version],
    );
    if (activated.rowCount === 0) return;
    const data = { version: fleet.version, source, by, services: fleet.services.length };
    await appendEvent(queries, { key: `configuration/${randomUUID()}`, kind: 'configuration.activated', service: ALL_SERVICES, data });
  });
}

/** The configuration in force, for whoever asks each moment: it is read again only when it is another one. */
export function currentFleet(pool: pg.Pool): () => Promise<Fleet | undefined> {
  const configurations = postgresConfigurations(pool);
  let known: Fleet | undefined;
  return async () => {
    const { rows } = await pool.query<{ version: string }>('select version from current_configuration');
    if (rows[0]?.version !== known?.version) known = await configurations.current();
    return known;
  };
}

export function postgresConfigurations(pool: pg.Pool): Configurations {
  const one = async (sql: string, values: readonly string[]): Promise<Fleet | undefined> => {
    const { rows } = await pool.query<{ fleet: Fleet }>(sql, [...values]);
    return rows[0]?.fleet;
  };
  return {
    current: () => one('select fleet from configurations join current_configuration using (version)', []),
    byVersion: (version) => one('select fleet from configurations where version = $1', [version]),
  };
}
