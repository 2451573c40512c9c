import type { Queries } from './database.js';

/** hale in numbers, all of them as the database has them now. undefined or an absent name: unknown, and no number stands in for it. */
export interface Figures {
  /** Time of the newest reading, seconds since the epoch. */
  readonly lastReading?: number;
  readonly incidentsOpen: number;
  readonly effectsInForce: Readonly<Record<string, number>>;
  readonly held: number;
  readonly paused: number;
  readonly stopped: number;
  readonly storm: number;
  readonly services?: number;
  /** By what became of them. */
  readonly alertsLastDay: Readonly<Record<string, number>>;
  /** How long the oldest alert that nobody has looked at waits; 0 where none does. */
  readonly drainLag: number;
  readonly changesLastDay: number;
}

interface Row {
  last_reading: number | null;
  incidents_open: number;
  effects: Record<string, number> | null;
  held: number;
  paused: number;
  stopped: number;
  storm: number;
  services: number | null;
  alerts: Record<string, number> | null;
  drain_lag: number | null;
  changes: number;
}

/** A watch that stored nothing for longer than this is blind, and the number is gone: a rule asks for both. */
const BLIND = "interval '1 hour'";

const FIGURES = `
  select
    (select extract(epoch from max(at))::float8 from samples where at > clock_timestamp() - ${BLIND}) as last_reading,
    (select count(*)::int from incidents where ended_at is null) as incidents_open,
    (select jsonb_object_agg(state, n) from (
       select state, count(*)::int as n from effects where state in ('intended', 'applied', 'undoing', 'unknown', 'stranded') group by state) e) as effects,
    (select count(distinct split_part(key, '/', 2))::int from settings where key like 'hold/%') as held,
    (select count(*)::int from settings where key like 'pause/%'
        and (value->>'until' is null or to_timestamp((value->>'until')::float8 / 1000) > clock_timestamp())) as paused,
    (select count(*)::int from settings where key = 'stop') as stopped,
    (select count(*)::int from storms where ended_at is null) as storm,
    (select jsonb_array_length(fleet->'services') from configurations join current_configuration using (version)) as services,
    (select jsonb_object_agg(state, n) from (
       select state, count(*)::int as n from alerts where received_at > clock_timestamp() - interval '1 day' group by state) a) as alerts,
    (select extract(epoch from clock_timestamp() - min(received_at))::float8 from alerts where state = 'waiting') as drain_lag,
    (select count(*)::int from changes where received_at > clock_timestamp() - interval '1 day') as changes`;

export async function readFigures(queries: Queries): Promise<Figures> {
  const { rows } = await queries.query<Row>(FIGURES);
  const row = rows[0];
  if (row === undefined) throw new Error('the figures came without a row');
  return {
    ...(row.last_reading === null ? {} : { lastReading: row.last_reading }),
    incidentsOpen: row.incidents_open,
    effectsInForce: row.effects ?? {},
    held: row.held,
    paused: row.paused,
    stopped: row.stopped,
    storm: row.storm,
    ...(row.services === null ? {} : { services: row.services }),
    alertsLastDay: row.alerts ?? {},
    drainLag: Math.max(0, row.drain_lag ?? 0),
    changesLastDay: row.changes,
  };
}
