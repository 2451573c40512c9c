import { readdir } from 'node:fs/promises';
import type pg from 'pg';
import type { Change } from '../../domain/change.js';
import type { EffectState } from '../../domain/effect.js';
import type { Outcome } from '../../domain/outcome.js';
import { freezeDefault } from '../../domain/gate/flapping.js';
import type { Fleet } from '../../domain/service.js';
import { instanceOf, openDatabase, placeOf } from './database.js';
import { readDeliveries, readFailingChannels, type DeliveryRecord, type FailingChannel } from './read-deliveries.js';
import { readAlerts, type AlertFilter, type KeptAlert } from './read-alerts.js';
import { readChanges, type ChangeFilter } from './changes.js';
import { readHistories, type ArchivedHistory } from './histories.js';
import { readEffects, readInForce, type EffectRecord, type InForce } from './read-effects.js';
import { readFrozen, type FrozenRecord } from './read-frozen.js';
import { readStorm, type StormRecord } from './read-storm.js';
import { readMeasured, type MeasuredObjective } from './read-measured.js';

/** Read models for people and pages. Reads only; times are `Date`s of the database's clock. */
export interface Records {
  /** undefined before the first configuration was stored. */
  fleet(): Promise<Fleet | undefined>;
  switches(): Promise<SwitchStates>;
  /** How each objective of each service or instance stands, by its latest samples. */
  measured(fleet: Fleet): Promise<readonly MeasuredObjective[]>;
  /** What only a person touches, for a while. */
  frozen(fleet: Fleet): Promise<readonly FrozenRecord[]>;
  /** Newest first. */
  incidents(filter: IncidentFilter): Promise<readonly IncidentRecord[]>;
  cycles(incident: string): Promise<readonly CycleRecord[]>;
  effects(incident: string): Promise<readonly EffectRecord[]>;
  /** Effects in these states, of all incidents, oldest first. */
  effectsIn(states: readonly EffectState[]): Promise<readonly EffectRecord[]>;
  inForce(): Promise<readonly InForce[]>;
  events(incident: string): Promise<readonly EventRecord[]>;
  /** Archived histories of the cycles of one incident. */
  histories(incident: string): Promise<readonly ArchivedHistory[]>;
  /** Of all cycles, one at a time. */
  everyHistory(): AsyncIterable<ArchivedHistory>;
  /** What became of the messages about one event; undefined while nobody has looked at it yet. */
  deliveries(eventKey: string): Promise<readonly DeliveryRecord[] | undefined>;
  /** Channels by which people can't be called now. */
  failingChannels(): Promise<readonly FailingChannel[]>;
  /** The storm in force. */
  storm(): Promise<StormRecord | undefined>;
  /** What other monitoring said, newest first. */
  alerts(filter: AlertFilter): Promise<readonly KeptAlert[]>;
  /** Newest first. */
  changes(filter: ChangeFilter): Promise<readonly Change[]>;
  vitals(): Promise<Vitals>;
  close(): Promise<void>;
}

export type { DeliveryRecord, EffectRecord, FailingChannel, FrozenRecord, InForce, MeasuredObjective };

export interface SwitchStates {
  readonly stop?: { readonly by: string; readonly since: Date };
  /** Pauses that have not ended; service `*` is all of them. */
  readonly pauses: readonly { readonly service: string; readonly by: string; readonly until?: Date }[];
  readonly holds: readonly HoldRecord[];
  /** Persons at work, as they said. */
  readonly atWork: readonly { readonly service: string; readonly by: string; readonly until: Date }[];
}

export interface HoldRecord {
  readonly service: string;
  readonly instance?: string;
  readonly since: Date;
  /** The outcome that set it last, and the incident that had it. */
  readonly outcome: Outcome;
  readonly incident: string;
}

export interface IncidentFilter {
  readonly id?: string;
  readonly open?: boolean;
  readonly service?: string;
  readonly since?: Date;
  /** Leaves out what is part of a storm. */
  readonly whole?: boolean;
  readonly partOf?: string;
  readonly limit: number;
}

export interface IncidentRecord {
  readonly id: string;
  readonly service: string;
  readonly instance?: string;
  /** The newest cycle of this incident, and the workflow that runs or ran it; empty for a storm, which has none of its own. */
  readonly cycle: string;
  readonly workflowId: string;
  /** How many cycles it had so far: more than one after a relapse. */
  readonly cycleCount: number;
  readonly outcome?: Outcome;
  readonly sentence?: string;
  readonly startedAt: Date;
  readonly endedAt?: Date;
  /** The incident of the storm that this one is part of. */
  readonly partOf?: string;
}

export interface CycleRecord {
  readonly cycle: string;
  readonly by: string;
  readonly startedAt: Date;
  readonly endedAt?: Date;
  readonly outcome?: Outcome;
}

export interface EventRecord {
  readonly seq: number;
  readonly at: Date;
  readonly kind: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Vitals {
  /** The newest migration that was applied, and the newest that this version has. */
  readonly migration: string;
  readonly migrationOfThisVersion: string;
  /** The database's clock. */
  readonly now: Date;
}

/** Thrown by `openRecords` and `openSwitches`. The message holds no password. */
export class DatabaseUnreachable extends Error {
  override readonly name = 'DatabaseUnreachable';
}

/** Connects and asks once, so that whoever gets records back knows that the database answers. */
export async function openRecords(url: string): Promise<Records> {
  const pool = await reach(url);
  return { ...postgresRecords(pool), close: () => pool.end() };
}

export function postgresRecords(pool: pg.Pool): Omit<Records, 'close'> {
  return {
    fleet: () => fleet(pool),
    switches: () => switches(pool),
    measured: (current) => readMeasured(pool, current),
    frozen: ({ policy }) => readFrozen(pool, policy?.freeze ?? freezeDefault),
    incidents: (filter) => incidents(pool, filter),
    cycles: (incident) => cycles(pool, incident),
    effects: (incident) => readEffects(pool, 'incident = any($1)', [incident]),
    inForce: () => readInForce(pool),
    effectsIn: (states) => readEffects(pool, 'state = any($1)', states),
    events: (incident) => events(pool, incident),
    histories: (incident) => histories(pool, incident),
    everyHistory: () => readHistories(pool),
    deliveries: (eventKey) => readDeliveries(pool, eventKey),
    failingChannels: () => readFailingChannels(pool),
    storm: () => readStorm(pool),
    alerts: (filter) => readAlerts(pool, filter),
    changes: (filter) => readChanges(pool, filter),
    vitals: () => vitals(pool),
  };
}

/** A small pool on a database that answers. Throws `DatabaseUnreachable` where it does not, or holds no hale. */
export async function reach(url: string): Promise<pg.Pool> {
  const place = placeOf(url);
  if (place === undefined)
    throw new DatabaseUnreachable("the database's address is no URL (not shown); allowed: postgres://user@host:5432/hale");
  const pool = openDatabase(url, 2);
  try {
    await pool.query('select from settings limit 0');
    return pool;
  } catch (error) {
    await pool.end();
    throw new DatabaseUnreachable(`the database at ${place} can't be used: ${messageOf(error)}`, { cause: error });
  }
}

/** Connecting to several addresses of one name fails with one error each, and an empty message for all. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join(', ');
  return error instanceof Error ? error.message : String(error);
}

async function fleet(pool: pg.Pool): Promise<Fleet | undefined> {
  const { rows } = await pool.query<{ fleet: Fleet }>(
    'select c.fleet from current_configuration cc join configurations c on c.version = cc.version',
  );
  return rows[0]?.fleet;
}

interface SettingRow {
  key: string;
  value: { until?: number; outcome?: Outcome; incident?: string };
  set_by: string;
  set_at: Date;
}

async function switches(pool: pg.Pool): Promise<SwitchStates> {
  const { rows } = await pool.query<SettingRow>(
    `select key, value, set_by, set_at from settings
      where value->>'until' is null or to_timestamp((value->>'until')::float8 / 1000) > clock_timestamp() order by key`,
  );
  const split = rows.map((row) => ({ ...row, parts: row.key.split('/') }));
  const stop = split.find(({ key }) => key === 'stop');
  return {
    ...(stop === undefined ? {} : { stop: { by: stop.set_by, since: stop.set_at } }),
    pauses: split.flatMap(({ parts: [what, service = ''], value, set_by }) =>
      what === 'pause' ? [{ service, by: set_by, ...(value.until === undefined ? {} : { until: new Date(value.until) }) }] : [],
    ),
    holds: split.flatMap(({ parts: [what, service = '', instance = '-'], value, set_at }) =>
      what === 'hold' ? holdOf(service, instance, set_at, value) : [],
    ),
    atWork: split.flatMap(({ parts: [what, service = ''], value, set_by }) =>
      what === 'work' && value.until !== undefined ? [{ service, by: set_by, until: new Date(value.until) }] : [],
    ),
  };
}

function holdOf(service: string, instance: string, since: Date, { outcome, incident }: SettingRow['value']): HoldRecord[] {
  return outcome === undefined || incident === undefined ? [] : [{ service, ...instanceOf(instance), since, outcome, incident }];
}

interface IncidentRow {
  id: string;
  service: string;
  instance: string;
  cycle: string;
  workflow_id: string;
  cycle_count: number;
  outcome: Outcome | null;
  sentence: string | null;
  started_at: Date;
  ended_at: Date | null;
  part_of: string | null;
}

async function incidents(pool: pg.Pool, filter: IncidentFilter): Promise<IncidentRecord[]> {
  const { rows } = await pool.query<IncidentRow>(
    `select i.id, i.service, i.instance, coalesce(c.cycle, '') as cycle, coalesce(c.workflow_id, '') as workflow_id,
            i.outcome, i.sentence, i.started_at, i.ended_at, i.part_of,
            (select count(*)::int from cycles where incident = i.id) as cycle_count
       from incidents i
       left join lateral (select cycle, workflow_id from cycles where incident = i.id order by started_at desc limit 1) c on true
      where ($1::text is null or i.id = $1) and ($2::text is null or i.service = $2)
        and ($3::timestamptz is null or i.ended_at is null or i.ended_at >= $3) and (not $4::boolean or i.ended_at is null)
        and (not $6::boolean or i.part_of is null) and ($7::text is null or i.part_of = $7)
      order by i.started_at desc limit $5`,
    [
      filter.id ?? null,
      filter.service ?? null,
      filter.since ?? null,
      filter.open ?? false,
      filter.limit,
      filter.whole ?? false,
      filter.partOf ?? null,
    ],
  );
  return rows.map((row) => ({
    id: row.id,
    service: row.service,
    ...instanceOf(row.instance),
    cycle: row.cycle,
    workflowId: row.workflow_id,
    cycleCount: row.cycle_count,
    ...present({ outcome: row.outcome, sentence: row.sentence, endedAt: row.ended_at, partOf: row.part_of }),
    startedAt: row.started_at,
  }));
}

async function cycles(pool: pg.Pool, incident: string): Promise<CycleRecord[]> {
  const { rows } = await pool.query<{ cycle: string; by: string; started_at: Date; ended_at: Date | null; outcome: Outcome | null }>(
    'select cycle, by, started_at, ended_at, outcome from cycles where incident = $1 order by started_at',
    [incident],
  );
  return rows.map(({ cycle, by, started_at, ended_at, outcome }) => ({
    cycle,
    by,
    startedAt: started_at,
    ...present({ endedAt: ended_at, outcome }),
  }));
}

async function events(pool: pg.Pool, incident: string): Promise<EventRecord[]> {
  const { rows } = await pool.query<{ seq: string; body: { at: string; kind: string; data: Record<string, unknown> } }>(
    `select seq, body::jsonb as body from events where body::jsonb->>'incident' = $1 order by seq`,
    [incident],
  );
  return rows.map(({ seq, body }) => ({ seq: Number(seq), at: new Date(`${body.at}Z`), kind: body.kind, data: body.data }));
}

async function histories(pool: pg.Pool, incident: string): Promise<ArchivedHistory[]> {
  const found: ArchivedHistory[] = [];
  for await (const history of readHistories(pool, incident)) found.push(history);
  return found;
}

async function vitals(pool: pg.Pool): Promise<Vitals> {
  const { rows } = await pool.query<{ migration: string; now: Date }>(
    'select (select name from migrations order by id desc limit 1) as migration, clock_timestamp() as now',
  );
  if (rows[0] === undefined) throw new Error('select without from returned no row');
  const files = await readdir(new URL('./migrations', import.meta.url));
  return {
    ...rows[0],
    migrationOfThisVersion:
      files
        .sort()
        .at(-1)
        ?.replace(/\.sql$/, '') ?? '',
  };
}

/** The fields that are there: SQL's null is the absence of the field. */
function present<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== null);
  return Object.fromEntries(entries) as { [K in keyof T]?: NonNullable<T[K]> };
}
