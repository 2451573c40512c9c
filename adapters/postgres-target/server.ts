import type pg from 'pg';
import type { Call } from '../../activities/ports.js';
import type { Image } from '../../domain/effect.js';
import { TargetRefused } from '../../domain/failure.js';
import type { PostgresAction } from './statement.js';

/**
 * Which server of a cluster this is. A promotion begins a new timeline, and turns a replica into a primary under the very
 * sessions that were opened on it; replicas are told apart by when they were started.
 */
export async function serverOf(session: pg.Client): Promise<string> {
  const { rows } = await session.query<{ server: string }>(
    `select case when pg_is_in_recovery() then 'replica started ' || pg_postmaster_start_time()
            else 'primary of timeline ' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) end as server`,
  );
  return rows[0]?.server ?? '';
}

export const onServer = (image: Image, server: string): Image => ({ ...image, content: { ...image.content, server } });

/** The call, whose permission holds only as long as the server is the one that was looked at, in the role it then had. */
export const onSameServer = (session: pg.Client, call: Call<PostgresAction>, image: Image): Call<PostgresAction> => ({
  ...call,
  permit: async () => {
    await call.permit();
    const [then, now] = [image.content.server, await serverOf(session)];
    if (now !== then) throw new TargetRefused(`another server answers than the one that was looked at: ${now} instead of ${String(then)}`);
  },
});
