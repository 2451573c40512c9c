import type pg from 'pg';

/** A key by what may be known of it: its id, and a value that only this key has and that does not tell it. */
export interface KeyName {
  readonly id: string;
  readonly fingerprint: string;
}

/**
 * Notes the key that seals from now on, the first of `keys`. Answers why these keys won't do, and notes nothing then: one
 * that sealed earlier is missing or is another one now, or there are none although there were.
 */
export async function pledgePayloadKeys(pool: pg.Pool, keys: readonly KeyName[]): Promise<string | undefined> {
  const { rows } = await pool.query<{ id: string; fingerprint: string }>('select id, fingerprint from payload_keys order by first_used_at');
  for (const { id, fingerprint } of rows) {
    const here = keys.find((key) => key.id === id);
    if (here === undefined && keys.length === 0)
      return `this hale seals what it says to Temporal, and no keys were given; allowed: HALE_PAYLOAD_KEYS=FILE with key ${id} in it`;
    if (here === undefined)
      return `key ${id} is missing in HALE_PAYLOAD_KEYS, and what it sealed could not be read; allowed: its line after the current key's`;
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
