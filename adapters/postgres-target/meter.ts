import type { Client } from 'pg';
import type { Asked, Meter } from '../../activities/ports.js';
import { numberReading, textReading } from '../../domain/detection/trust.js';
import { TargetRefused } from '../../domain/failure.js';
import type { NoDataReason, Reading } from '../../domain/reading.js';
import { inSession } from './session.js';

/** Reads one number by SQL: one row of one column, in a transaction that can't write, on a host in the wanted role. */
export function sqlMeter(): Meter<'sql'> {
  return { read: (asked, abort) => Promise.all(asked.map((one) => readOne(one.signal, abort))) };
}

async function readOne({ connection, sql, timeoutMs }: Asked<'sql'>['signal'], abort: AbortSignal): Promise<Reading> {
  const at = Date.now();
  try {
    return await inSession(connection, { timeoutMs, abort }, (session) => query(session, sql, at));
  } catch (error) {
    return { kind: 'noData', at, reason: abort.aborted ? 'neverRead' : reasonOf(error, at, timeoutMs), detail: sentenceOf(error) };
  }
}

async function query(session: Client, sql: string, at: number): Promise<Reading> {
  await session.query('begin transaction read only');
  const { rows } = await session.query<unknown[]>({ text: sql, rowMode: 'array' });
  const [row, another] = rows;
  const missing = (reason: NoDataReason, detail: string): Reading => ({ kind: 'noData', at, reason, detail });
  if (row === undefined) return missing('absent', 'the query gave no row');
  if (another !== undefined) return missing('ambiguous', `the query gave ${rows.length} rows, one is needed`);
  if (row.length !== 1) return missing('ambiguous', `the query gave ${row.length} columns, one is needed`);
  return valueReading(row[0], at);
}

/** PostgreSQL's driver gives bigint and numeric as text, since they may be larger than a number. */
function valueReading(value: unknown, at: number): Reading {
  if (typeof value === 'number') return numberReading(value, at);
  if (typeof value === 'boolean') return numberReading(value ? 1 : 0, at);
  if (value === null) return { kind: 'noData', at, reason: 'absent', detail: 'the query gave null' };
  return textReading(typeof value === 'string' ? value.replace('Infinity', 'Inf') : JSON.stringify(value), at);
}

const queryFaults = /^(42|22|25006)/;

function reasonOf(error: unknown, at: number, timeoutMs: number): NoDataReason {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === '57014' || Date.now() - at >= timeoutMs) return 'timeout';
  if (queryFaults.test(code)) return 'malformed';
  return error instanceof TargetRefused || code !== '' ? 'sourceUnavailable' : 'absent';
}

const sentenceOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
