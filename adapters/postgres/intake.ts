import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { Alert, Labels } from '../../domain/alert.js';
import type { Change } from '../../domain/change.js';
import type { Fleet } from '../../domain/service.js';
import { storeChanges } from './changes.js';
import { openDatabase } from './database.js';
import { readFigures, type Figures } from './read-figures.js';

/** What the web process writes. Every promise rejects when the database is away or too slow: then nothing may be answered for it. */
export interface Intake {
  /** undefined before the first configuration was stored. */
  fleet(): Promise<Fleet | undefined>;
  /** Keeps alerts, all or none, in one statement; answers how many of them are new. */
  storeAlerts(source: string, alerts: readonly Alert[]): Promise<number>;
  /** Keeps changes, all or none; answers how many of them said something new. */
  storeChanges(changes: readonly Change[]): Promise<number>;
  figures(): Promise<Figures>;
  /** Whether the database answers, knows hale's tables and takes what is written. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Alertmanager waits for 10 s at most, and tries again: an answer in time that says "later" is worth more. */
const answerMs = 2_000;
const connectionsMax = 8;

export function openIntake(url: string): Intake {
  const pool = openDatabase(url, connectionsMax, answerMs);
  return {
    fleet: () => fleet(pool),
    storeAlerts: (source, alerts) => storeAlerts(pool, source, alerts),
    storeChanges: (changes) => storeChanges(pool, changes),
    figures: () => readFigures(pool),
    ping: () => ping(pool),
    close: () => pool.end(),
  };
}

/** After a failover the one that answers may still be a replica, which keeps nothing. */
async function ping(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ readOnly: string }>(
    `select current_setting('transaction_read_only') as "readOnly", (select 1 from alerts limit 0)`,
  );
  if (rows[0]?.readOnly !== 'off') throw new Error('the database is read only');
}

async function fleet(pool: pg.Pool): Promise<Fleet | undefined> {
  const { rows } = await pool.query<{ fleet: Fleet }>('select fleet from configurations join current_configuration using (version)');
  return rows[0]?.fleet;
}

const hash = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');

/** The same labels, in whatever order: hale's own, since a sender's fingerprint is the sender's word. */
const fingerprintOf = (labels: Labels): string => hash(Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1)));

/** Rows in the order of their keys, so that two requests with the same alerts wait for each other and never in a circle. */
const INSERT = `
  with given as (
    select * from unnest($2::text[], $3::text[], $4::text[], $5::jsonb[], $6::jsonb[], $7::float8[], $8::float8[])
           as one (key, status, fingerprint, labels, annotations, starts_at, ends_at)
  ), stored as (
    insert into alerts (key, source, status, fingerprint, labels, annotations, starts_at, ends_at)
    select key, $1, status, fingerprint, labels, annotations, to_timestamp(starts_at / 1000), to_timestamp(ends_at / 1000)
      from given order by key
    on conflict (key) do nothing returning 1
  )
  select count(*)::int as stored, pg_notify('hale_alerts', '') from stored`;

async function storeAlerts(pool: pg.Pool, source: string, alerts: readonly Alert[]): Promise<number> {
  if (alerts.length === 0) return 0;
  const keyed = alerts.map((alert) => ({ alert, fingerprint: fingerprintOf(alert.labels) }));
  const byKey = new Map(keyed.map((one) => [hash([source, one.alert.occurrence, one.fingerprint, one.alert.status]), one]));
  const given = [...byKey.values()];
  const { rows } = await pool.query<{ stored: number }>(INSERT, [
    source,
    [...byKey.keys()],
    given.map(({ alert }) => alert.status),
    given.map(({ fingerprint }) => fingerprint),
    given.map(({ alert }) => JSON.stringify(alert.labels)),
    given.map(({ alert }) => JSON.stringify(alert.annotations)),
    given.map(({ alert }) => alert.startsAt),
    given.map(({ alert }) => alert.endsAt ?? null),
  ]);
  return rows[0]?.stored ?? 0;
}
