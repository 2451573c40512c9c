import type pg from 'pg';
import type { About, AlertFate, AlertRecord, Labels } from '../../domain/alert.js';
import { instanceKey } from './database.js';

/** An alert that was kept and nobody has looked at yet. */
export interface WaitingAlert {
  readonly id: string;
  readonly source: string;
  readonly status: 'firing' | 'resolved';
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly startsAt: number;
  readonly endsAt?: number;
  readonly record: AlertRecord;
}

export interface Settled {
  readonly id: string;
  readonly fate: AlertFate;
}

export interface Alerts {
  /** Claims alerts for half a minute, oldest first: any number of workers may take, none gets what another has. */
  take(limit: number): Promise<readonly WaitingAlert[]>;
  settle(settled: readonly Settled[]): Promise<void>;
  /** Gives back what could not be reported: it is taken again soon. */
  giveBack(ids: readonly string[]): Promise<void>;
  /** Drops what was received before this long ago. */
  forget(olderThanMs: number): Promise<void>;
}

interface Row {
  id: string;
  source: string;
  status: 'firing' | 'resolved';
  labels: Labels;
  annotations: Labels;
  starts_at: Date;
  ends_at: Date | null;
  resolved_start: Date | null;
  reported: boolean;
}

const TAKE = `
  with due as (
    select id from alerts where state = 'waiting' and (claimed_until is null or claimed_until < clock_timestamp())
     order by id for update skip locked limit $1
  )
  update alerts a set claimed_until = clock_timestamp() + interval '30 s' from due where a.id = due.id
  returning a.id, a.source, a.status, a.labels, a.annotations, a.starts_at, a.ends_at,
    (select max(r.starts_at) from alerts r where r.fingerprint = a.fingerprint and r.status = 'resolved' and r.id < a.id) as resolved_start,
    exists (select from alerts b where b.fingerprint = a.fingerprint and b.starts_at = a.starts_at and b.state = 'report') as reported`;

const SETTLE = `
  update alerts a set state = s.state, why = s.why, settled_at = clock_timestamp(),
         about = array(select jsonb_array_elements_text(s.about))
    from unnest($1::bigint[], $2::text[], $3::text[], $4::jsonb[]) as s (id, state, why, about)
   where a.id = s.id and a.state = 'waiting'`;

export function postgresAlerts(pool: pg.Pool): Alerts {
  return {
    async take(limit) {
      const { rows } = await pool.query<Row>(TAKE, [limit]);
      return rows.map(waitingOf).sort((one, other) => Number(one.id) - Number(other.id));
    },
    async settle(settled) {
      await pool.query(SETTLE, [
        settled.map(({ id }) => id),
        settled.map(({ fate }) => fate.kind),
        settled.map(({ fate }) => ('why' in fate ? fate.why : null)),
        settled.map(({ fate }) => JSON.stringify(fate.kind === 'report' ? fate.about.map(placeOf) : [])),
      ]);
    },
    async giveBack(ids) {
      if (ids.length === 0) return;
      await pool.query(
        "update alerts set claimed_until = clock_timestamp() + interval '2 s' where id = any($1::bigint[]) and state = 'waiting'",
        [ids],
      );
    },
    async forget(olderThanMs) {
      await pool.query("delete from alerts where state <> 'waiting' and received_at < clock_timestamp() - $1 * interval '1 ms'", [
        olderThanMs,
      ]);
    },
  };
}

/** As `silences.ts` writes the place of an incident. */
const placeOf = ({ service, instance }: About): string => `${service}/${instanceKey(instance)}`;

const waitingOf = (row: Row): WaitingAlert => ({
  id: row.id,
  source: row.source,
  status: row.status,
  labels: labelsOf(row.labels),
  annotations: labelsOf(row.annotations),
  startsAt: row.starts_at.getTime(),
  ...(row.ends_at === null ? {} : { endsAt: row.ends_at.getTime() }),
  record: { reported: row.reported, ...(row.resolved_start === null ? {} : { resolvedStart: row.resolved_start.getTime() }) },
});

/** Without a prototype, as they came: `constructor` is a label like any other. */
const labelsOf = (labels: Labels): Labels => Object.assign(Object.create(null) as Labels, labels);
