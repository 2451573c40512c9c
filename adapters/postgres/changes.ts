import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { Changes } from '../../activities/ports.js';
import { underWayMsMax, type Change } from '../../domain/change.js';
import { transaction, type Queries } from './database.js';

/** How far the sources that hale looks at itself were read. */
export interface Feeds {
  /** The turn to read this one, given once in this time, with where to go on (null at first); undefined while it is not due. */
  take(name: string, everyMs: number): Promise<{ readonly cursor: unknown } | undefined>;
  advance(name: string, cursor: unknown, changes: readonly Change[]): Promise<void>;
}

export interface ChangeFilter {
  readonly service?: string;
  readonly since?: number;
  readonly until?: number;
  readonly limit: number;
}

interface Row {
  key: string;
  source: string;
  service: string;
  kind: Change['kind'];
  state: Change['state'];
  summary: string;
  reference: string | null;
  by: string | null;
  at: Date;
  finished_at: Date | null;
}

export const postgresChanges = (pool: pg.Pool): Changes => ({
  recent: (service, since) => readChanges(pool, { service, since, limit: 20 }),
  inProgress: (service) => inProgress(pool, service),
});

/** A source's changes and how far it was read are one transaction: nothing is told twice, and nothing is left out. */
export const postgresFeeds = (pool: pg.Pool): Feeds => ({
  async take(name, everyMs) {
    const { rows } = await pool.query<{ cursor: unknown }>(
      `insert into feeds as f (name, cursor) values ($1, 'null')
       on conflict (name) do update set read_at = clock_timestamp() where f.read_at <= clock_timestamp() - $2 * interval '1 ms'
       returning cursor`,
      [name, everyMs],
    );
    return rows[0];
  },
  advance: (name, cursor, changes) =>
    transaction(pool, async (queries) => {
      await storeChanges(queries, changes);
      await queries.query('update feeds set cursor = $2 where name = $1', [name, JSON.stringify(cursor)]);
    }),
});

/** The newest change that has begun and not ended, however many came after it. */
async function inProgress(queries: Queries, service: string): Promise<Change | undefined> {
  const { rows } = await queries.query<Row>(
    `select key, source, service, kind, state, summary, reference, by, at, finished_at from changes
      where service = $1 and state = 'started' and at >= clock_timestamp() - $2 * interval '1 ms' order by at desc, id desc limit 1`,
    [service, underWayMsMax],
  );
  return rows[0] && changeOf(rows[0]);
}

/** Newest first, by when they last made a difference. */
export async function readChanges(queries: Queries, { service, since, until, limit }: ChangeFilter): Promise<Change[]> {
  const { rows } = await queries.query<Row>(
    `select key, source, service, kind, state, summary, reference, by, at, finished_at from changes
      where ($1::text is null or service = $1)
        and ($2::float8 is null or coalesce(finished_at, at) >= to_timestamp($2 / 1000))
        and ($3::float8 is null or at <= to_timestamp($3 / 1000))
      order by coalesce(finished_at, at) desc, id desc limit $4`,
    [service ?? null, since ?? null, until ?? null, limit],
  );
  return rows.map(changeOf);
}

/** A change that ended does not begin again: what comes late or twice changes nothing. */
const STORE = `
  with given as (
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::float8[], $10::float8[])
           as one (key, source, service, kind, state, summary, reference, by, at, finished_at)
  ), stored as (
    insert into changes as c (key, source, service, kind, state, summary, reference, by, at, finished_at)
    select key, source, service, kind, state, summary, reference, by, to_timestamp(at / 1000), to_timestamp(finished_at / 1000)
      from given order by key
    on conflict (key) do update set state = excluded.state, finished_at = coalesce(excluded.finished_at, excluded.at), summary = excluded.summary
     where c.state = 'started' and excluded.state <> 'started'
    returning 1
  )
  select count(*)::int as stored from stored`;

/** Keeps changes, all or none; answers how many of them said something new. */
export async function storeChanges(queries: Queries, changes: readonly Change[]): Promise<number> {
  // Of two words about one change in one list the end counts, in whatever order they stand.
  const byKey = new Map<string, Change>();
  for (const change of changes) if (change.state !== 'started' || !byKey.has(keyOf(change))) byKey.set(keyOf(change), change);
  if (byKey.size === 0) return 0;
  const given = [...byKey.values()];
  const { rows } = await queries.query<{ stored: number }>(STORE, [
    [...byKey.keys()],
    given.map(({ source }) => source),
    given.map(({ service }) => service),
    given.map(({ kind }) => kind),
    given.map(({ state }) => state),
    given.map(({ summary }) => summary),
    given.map(({ reference }) => reference ?? null),
    given.map(({ by }) => by ?? null),
    given.map(({ at }) => at),
    given.map(({ finishedAt }) => finishedAt ?? null),
  ]);
  return rows[0]?.stored ?? 0;
}

const keyOf = ({ source, id }: Change): string =>
  createHash('sha256')
    .update(JSON.stringify([source, id]))
    .digest('hex');

const changeOf = (row: Row): Change => ({
  id: row.key,
  source: row.source,
  service: row.service,
  kind: row.kind,
  state: row.state,
  summary: row.summary,
  ...(row.reference === null ? {} : { reference: row.reference }),
  ...(row.by === null ? {} : { by: row.by }),
  at: row.at.getTime(),
  ...(row.finished_at === null ? {} : { finishedAt: row.finished_at.getTime() }),
});
