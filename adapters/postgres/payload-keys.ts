import type pg from 'pg';
import type { Queries } from './database.js';

/** A key by what may be known of it: its id, and a value that only this key has and that does not tell it. */
export interface KeyName {
  readonly id: string;
  readonly fingerprint: string;
}

/**
 * Notes the key that seals from now on, the first of `keys`. Answers why these keys won't do, and notes nothing then: one
 * that sealed earlier and was not retired is missing, one is another one now or would seal although it was retired, or there
 * are none although there were.
 */
export async function pledgePayloadKeys(pool: pg.Pool, keys: readonly KeyName[]): Promise<string | undefined> {
  const { rows } = await pool.query<{ id: string; fingerprint: string; retired: boolean }>(
    'select id, fingerprint, retired_at is not null as retired from payload_keys order by first_used_at',
  );
  for (const { id, fingerprint, retired } of rows) {
    const here = keys.find((key) => key.id === id);
    if (retired && here === undefined) continue;
    if (retired && here === keys[0]) return `key ${id} in HALE_PAYLOAD_KEYS was retired and seals no more; allowed: a new key above it`;
    if (here === undefined && keys.length === 0)
      return `this hale seals what it says to Temporal, and no keys were given; allowed: HALE_PAYLOAD_KEYS=FILE with key ${id} in it`;
    if (here === undefined)
      return `key ${id} is missing in HALE_PAYLOAD_KEYS, and what it sealed could not be read; allowed: its line after the current key's, until \`hale keys retire ${id}\` says that nothing needs it`;
    if (here.fingerprint !== fingerprint)
      return `key ${id} in HALE_PAYLOAD_KEYS is not the one that sealed under this id; allowed: the old one, and a new id for the new one`;
  }
  const [current] = keys;
  if (current !== undefined)
    await pool.query('insert into payload_keys (id, fingerprint) values ($1, $2) on conflict (id) do nothing', [
      current.id,
      current.fingerprint,
    ]);
  return undefined;
}

/** From now on hale starts without this key. Answers why it can't be retired: nobody knows it, or no newer one took its place. */
export async function retirePayloadKey(queries: Queries, id: string): Promise<string | undefined> {
  const { rowCount } = await queries.query(
    `update payload_keys set retired_at = coalesce(retired_at, now())
      where id = $1 and exists
        (select from payload_keys newer where newer.first_used_at > payload_keys.first_used_at and newer.retired_at is null)`,
    [id],
  );
  if (rowCount === 1) return undefined;
  const { rows } = await queries.query<{ id: string }>('select id from payload_keys order by first_used_at');
  const known = rows.map((row) => row.id);
  return known.includes(id)
    ? `no key was used after ${id}; allowed: a new key above it in HALE_PAYLOAD_KEYS, with which hale has started`
    : `hale never sealed with a key ${id}; known: ${known.join(', ') || 'none'}`;
}
