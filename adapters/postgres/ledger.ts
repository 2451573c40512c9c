import type pg from 'pg';
import type { LedgerEvent } from '../../activities/ports.js';
import { transaction, type Queries } from './database.js';

/**
 * Locks the one head row, extends the hash chain and inserts, so that `seq` is gapless and in commit order. The body is
 * jsonb rendered by PostgreSQL (one canonical text, the server's clock) and hashed as stored.
 */
const APPEND = `
  with body as materialized (
    select (jsonb_build_object('at', clock_timestamp() at time zone 'utc', 'key', $1::text) || $2::jsonb)::text as text
  ), head as (
    update ledger_head
       set seq = seq + 1, hash = encode(sha256(convert_to(hash || (select text from body), 'utf8')), 'hex')
     where not exists (select 1 from events where key = $1)
    returning seq, hash
  ), appended as (
    insert into events (seq, key, body, hash) select seq, $1, (select text from body), hash from head returning seq
  )
  select pg_notify('hale', seq::text) from appended`;

/** Appends one event as the last statement of a transaction. A key already in the ledger changes nothing. */
export async function appendEvent(queries: Queries, event: LedgerEvent): Promise<void> {
  const { key, ...body } = event;
  await queries.query(APPEND, [key, JSON.stringify(body)]);
}

/**
 * One state change and its ledger event, in one transaction. Two that race for one key do the same work, so the loser's
 * unique violation means "already recorded".
 */
export async function recordOnce(pool: pg.Pool, event: LedgerEvent, work: (queries: Queries) => Promise<void>): Promise<void> {
  try {
    await transaction(pool, async (queries) => {
      await work(queries);
      await appendEvent(queries, event);
    });
  } catch (error) {
    if (!isDuplicateEvent(error)) throw error;
  }
}

const isDuplicateEvent = (error: unknown): boolean =>
  error instanceof Error && 'constraint' in error && error.constraint === 'events_key_key';
