import { type Read, read, refuse, shown } from './refusal.js';

const PATTERN = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/;
/** Go's way to say that there is none. */
const NONE = '0001-01-01T00:00:00Z';
const EARLIEST = Date.UTC(2000, 0);
const LATEST = Date.UTC(2200, 0);
const AHEAD_MS_MAX = 24 * 3_600_000;
/** Clocks differ; a start this far ahead is a wrong clock and taken as now. */
const CLOCK_MS = 5 * 60_000;

const HINT = 'a time as in RFC 3339, with its zone, such as 2026-01-31T08:00:00Z';

/** ms since the epoch; undefined for no time at all. */
export function readTime(field: string, value: unknown): Read<number | undefined> {
  if (value === undefined || value === null || value === NONE || value === '') return read(undefined);
  const at = typeof value === 'string' && PATTERN.test(value) ? Date.parse(value) : Number.NaN;
  if (at >= EARLIEST && at < LATEST) return read(at);
  return refuse(422, 'badTime', `${field} is ${shown(value)}`, HINT);
}

/** When something began: not in the far future, and not after now. */
export function readPast(field: string, value: unknown, now: number): Read<{ readonly at: number; readonly told: number } | undefined> {
  const time = readTime(field, value);
  if (time.kind === 'refused') return time;
  const told = time.value;
  if (told === undefined) return read(undefined);
  if (told > now + AHEAD_MS_MAX) return refuse(422, 'badTime', `${field} is ${shown(value)}, more than a day ahead`, HINT);
  return read({ told, at: told > now + CLOCK_MS ? now : told });
}

/** The same where year 1, which some senders write for no time, would hide when it was. */
export const readBegun: typeof readPast = (field, value, now) =>
  value === NONE ? refuse(422, 'badTime', `${field} is ${shown(value)}`, HINT) : readPast(field, value, now);
