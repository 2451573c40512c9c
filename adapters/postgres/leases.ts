import type pg from 'pg';
import { instanceKey } from './database.js';
import type { LeaseAnswer, Leases } from '../../activities/ports.js';

interface LeaseRow {
  holder: string;
  fence: string;
  expires_at: Date;
}

/**
 * One row per resource. The row outlives its holder, so that fencing tokens only ever grow; they grow over all resources,
 * because one target may be reached as several (a restart command, and a file whose `then` is the same command). Only the
 * database's clock decides what has expired.
 */
export function postgresLeases(pool: pg.Pool): Leases {
  return {
    acquire: (resource, holder, ttlMs) => acquire(pool, resource, holder, ttlMs),
    holds: async (resource, holder, fence, forMs) => {
      const { rowCount } = await pool.query(
        `select from leases
          where resource = $1 and holder = $2 and fence = $3 and expires_at > clock_timestamp() + $4 * interval '1 ms'`,
        [resource, holder, fence, forMs],
      );
      return rowCount === 1;
    },
    inherit: async (service, instance, heir) => {
      await pool.query(
        `update leases set holder = $3, fence = nextval('fences')
          where holder in (select cycle from cycles join incidents on incidents.id = cycles.incident
                            where service = $1 and instance = $2 and cycle <> $3)`,
        [service, instanceKey(instance), heir],
      );
    },
    heldByOther: async (resource, service, instance) => {
      const { rows } = await pool.query<{ holder: string }>(
        `select holder from leases
          where resource = $1 and expires_at > clock_timestamp()
            and holder not in (select cycle from cycles join incidents on incidents.id = cycles.incident
                                where service = $2 and instance = $3)`,
        [resource, service, instanceKey(instance)],
      );
      return rows[0]?.holder;
    },
    releaseAll: async (holder) => {
      await pool.query('update leases set expires_at = clock_timestamp() where holder = $1', [holder]);
    },
  };
}

/** The token is drawn once more under the row's lock: one drawn before it might be smaller than what the holder before got. */
async function acquire(pool: pg.Pool, resource: string, holder: string, ttlMs: number): Promise<LeaseAnswer> {
  const { rows } = await pool.query<LeaseRow>(
    `insert into leases as l (resource, holder, fence, expires_at)
     select $1, $2, nextval('fences'), clock_timestamp() + $3 * interval '1 ms'
     on conflict (resource) do update
        set holder = excluded.holder,
            fence = nextval('fences'),
            expires_at = greatest(excluded.expires_at, case when l.holder = excluded.holder then l.expires_at end)
      where l.holder = excluded.holder or l.expires_at <= clock_timestamp()
     returning holder, fence, expires_at`,
    [resource, holder, ttlMs],
  );
  const mine = rows[0];
  if (mine) return { kind: 'held', fence: mine.fence, expiresAt: mine.expires_at.getTime() };
  return taken(pool, resource);
}

async function taken(pool: pg.Pool, resource: string): Promise<LeaseAnswer> {
  const { rows } = await pool.query<LeaseRow>('select holder, fence, expires_at from leases where resource = $1', [resource]);
  const other = rows[0];
  if (other === undefined) throw new Error(`lease ${resource} was refused, yet nobody has it`);
  return { kind: 'taken', by: other.holder, expiresAt: other.expires_at.getTime() };
}
