import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import type { Signatures } from '../../activities/ports.js';

/** A key to sign with, and the database's time, by which signatures expire (ms since the epoch). */
export interface SigningKey {
  readonly id: string;
  readonly secret: Uint8Array;
  readonly now: number;
}

export function postgresSignatures(pool: pg.Pool): Signatures {
  return {
    key: async (id) => {
      const { rows } = await pool.query<{ secret: Buffer }>('select secret from signing_keys where id = $1', [id]);
      return rows[0]?.secret;
    },
    use: (nonce, usedBy, expiresAt) => use(pool, nonce, usedBy, expiresAt),
  };
}

/** The newest key; the first who asks makes it. */
export async function signingKey(pool: pg.Pool): Promise<SigningKey> {
  const newest = async (): Promise<SigningKey | undefined> => {
    const { rows } = await pool.query<SigningKey>(
      `select id, secret, (extract(epoch from clock_timestamp()) * 1000)::float8 as now from signing_keys order by made_at desc limit 1`,
    );
    return rows[0];
  };
  const known = await newest();
  if (known !== undefined) return known;
  await pool.query("insert into signing_keys (id, secret) values ('1', $1) on conflict (id) do nothing", [randomBytes(32)]);
  return (await newest()) ?? signingKey(pool);
}

/** Only the first use is dated: of an order that was in time, a repeated delivery that comes later is let through too. */
async function use(pool: pg.Pool, nonce: string, usedBy: string, expiresAt: number): ReturnType<Signatures['use']> {
  await pool.query("delete from nonces where expires_at < clock_timestamp() - interval '1 day'");
  await pool.query(
    `insert into nonces (nonce, used_by, expires_at)
     select $1, $2, at from to_timestamp($3::float8 / 1000) as at where at > clock_timestamp() on conflict do nothing`,
    [nonce, usedBy, expiresAt],
  );
  const { rows } = await pool.query<{ used_by: string }>('select used_by from nonces where nonce = $1', [nonce]);
  if (rows[0] === undefined) return 'expired';
  return rows[0].used_by === usedBy ? 'fresh' : 'used';
}
