import type pg from 'pg';
import type { Samples } from '../../activities/ports.js';
import type { NoDataReason, Reading, SignalReading } from '../../domain/reading.js';
import type { Bound } from '../../domain/service.js';
import { instanceKey, instanceOf, transaction, type Queries } from './database.js';

const dayMs = 24 * 3_600_000;
/** Samples older than this are dropped, whole days at a time. */
const keptDays = 30;
const detailMax = 200;

interface Row {
  readonly service: string;
  readonly instance: string;
  readonly signal: string;
  readonly at: string;
  readonly value: number | null;
  readonly reason: string | null;
}

const columns = 'service, instance, signal, (extract(epoch from at) * 1000)::float8 as at, value, reason';

export function postgresSamples(pool: pg.Pool): Samples {
  return {
    tally: (service, instance, signal, from, bound) => tally(pool, service, instanceKey(instance), signal, from, bound),
    async since(service, instance, signal, from) {
      const { rows } = await pool.query<Row>(
        `select ${columns} from samples where service = $1 and instance = $2 and signal = $3 and at >= to_timestamp($4::float8 / 1000)
          order by samples.at`,
        [service, instanceKey(instance), signal, from],
      );
      return rows.map(readingOf);
    },
    async ofServices(services, from) {
      const { rows } = await pool.query<Row>(
        `select ${columns} from samples where service = any($1) and at >= to_timestamp($2::float8 / 1000) order by samples.at`,
        [services, from],
      );
      return rows.map((row) => ({ service: row.service, ...instanceOf(row.instance), signal: row.signal, reading: readingOf(row) }));
    },
  };
}

async function tally(
  pool: pg.Pool,
  service: string,
  instance: string,
  signal: string,
  from: number,
  bound: Bound,
): Promise<{ bad: number; of: number }> {
  const [outside, infinity, limit] = 'above' in bound ? ['<=', 'unbounded: -1', bound.above] : ['>=', 'unbounded: 1', bound.below];
  const { rows } = await pool.query<{ bad: number; of: number }>(
    `select count(*) filter (where value ${outside} $5 or reason = $6)::int as bad,
            count(*) filter (where value is not null or reason like 'unbounded: %')::int as of
       from samples where service = $1 and instance = $2 and signal = $3 and at >= to_timestamp($4::float8 / 1000)`,
    [service, instance, signal, from, limit, infinity],
  );
  return rows[0] ?? { bad: 0, of: 0 };
}

/** In SQL an infinity has no number, only the reason `unbounded`; the detail stands behind the reason. */
export function readingOf({ at, value, reason }: Pick<Row, 'at' | 'value' | 'reason'>): Reading {
  const time = Math.round(Number(at));
  if (value !== null) return { kind: 'value', at: time, value };
  const [, kind = '', detail = ''] = /^(\w+): ?(.*)$/s.exec(reason ?? '') ?? [];
  if (kind === 'unbounded') return { kind: 'unbounded', at: time, sign: detail === '-1' ? -1 : 1 };
  return { kind: 'noData', at: time, reason: kind as NoDataReason, detail };
}

function reasonOf(reading: Reading): string | null {
  if (reading.kind === 'value') return null;
  if (reading.kind === 'unbounded') return `unbounded: ${reading.sign}`;
  return `${reading.reason}: ${reading.detail.replaceAll('\0', '').slice(0, detailMax)}`;
}

/** The arrays of an `unnest`; one reading per series and time, the last given. */
export function sampleColumns(readings: readonly SignalReading[]): unknown[] {
  const distinct = new Map(readings.map((one) => [JSON.stringify([one.service, one.instance, one.signal, one.reading.at]), one]));
  const rows = [...distinct.values()];
  return [
    rows.map((row) => row.service),
    rows.map((row) => instanceKey(row.instance)),
    rows.map((row) => row.signal),
    rows.map((row) => row.reading.at),
    rows.map((row) => (row.reading.kind === 'value' ? row.reading.value : null)),
    rows.map((row) => reasonOf(row.reading)),
  ];
}

/** Makes the partitions of these days (UTC, any time in them) and drops those that are past keeping. */
export async function keepDays(pool: pg.Pool, days: readonly number[], now: number): Promise<void> {
  const dropBefore = partitionName(keptSince(now));
  await transaction(pool, async (queries) => {
    // Two workers that make one partition at once would fail on each other.
    await queries.query("select pg_advisory_xact_lock(hashtext('hale.samples'))");
    const existing = await partitions(queries);
    for (const day of days) if (!existing.includes(partitionName(day))) await makePartition(queries, day);
    for (const name of existing) if (name < dropBefore) await queries.query(`drop table ${name}`);
  });
}

async function partitions(queries: Queries): Promise<string[]> {
  const { rows } = await queries.query<{ name: string }>(
    "select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'samples'::regclass",
  );
  return rows.map((row) => row.name);
}

async function makePartition(queries: Queries, day: number): Promise<void> {
  const from = dayOf(day);
  await queries.query(
    `create table ${partitionName(day)} partition of samples
      for values from ('${new Date(from).toISOString()}') to ('${new Date(from + dayMs).toISOString()}')`,
  );
}

/** What is older is not stored any more: its day is gone. */
export const keptSince = (now: number): number => dayOf(now - keptDays * dayMs);

/** The first millisecond of the day (UTC) of a time. */
export const dayOf = (at: number): number => Math.floor(at / dayMs) * dayMs;

/** Two days that a watch needs at any time: today, and tomorrow ahead of midnight. */
export const daysAhead = (now: number): number[] => [dayOf(now), dayOf(now) + dayMs];

/** `samples_20260131`: sorts by day. */
const partitionName = (at: number): string => `samples_${new Date(at).toISOString().slice(0, 10).replaceAll('-', '')}`;
