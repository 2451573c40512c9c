import type pg from 'pg';
import { transaction } from './database.js';
import { appendEvent } from './ledger.js';
import { reach } from './read.js';

export type Mark = 'right' | 'wrong';

export interface Marked {
  readonly incident: string;
  readonly mark: Mark;
  readonly by: string;
  readonly at: Date;
}

/** A finding from its onset to its end. */
export interface Symptom {
  readonly onset: Date;
  readonly at: Date;
}

/** What a person says about one incident; `key` makes a repeated order the same order. */
export interface Marking {
  readonly incident: string;
  readonly service: string;
  readonly instance?: string;
  readonly class?: string;
  readonly corrections: readonly string[];
  readonly mark: Mark;
  readonly by: string;
  readonly key: string;
}

export interface Reviews {
  marks(incidents: readonly string[]): Promise<readonly Marked[]>;
  /** Sets or changes the mark, with its ledger event. Answers false when this person had said the same already. */
  mark(marking: Marking): Promise<boolean>;
  /** Findings of this service or instance that ended since then, in this order. */
  symptomEnds(service: string, instance: string | undefined, from: Date): Promise<readonly Symptom[]>;
  changes(
    service: string,
    from: Date,
    until: Date,
  ): Promise<readonly { readonly at: Date; readonly by: string | null; readonly summary: string }[]>;
  close(): Promise<void>;
}

/** Throws `DatabaseUnreachable`. */
export async function openReviews(url: string): Promise<Reviews> {
  const pool = await reach(url);
  return {
    marks: (incidents) => marks(pool, incidents),
    mark: (marking) => mark(pool, marking),
    symptomEnds: (service, instance, from) => symptomEnds(pool, service, instance, from),
    changes: (service, from, until) => changes(pool, service, from, until),
    close: () => pool.end(),
  };
}

async function marks(pool: pg.Pool, incidents: readonly string[]): Promise<Marked[]> {
  const { rows } = await pool.query<Marked>(
    'select incident, mark, marked_by as by, marked_at as at from reviews where incident = any($1)',
    [incidents],
  );
  return rows;
}

function mark(pool: pg.Pool, { incident, service, instance, corrections, mark: said, by, key, ...more }: Marking): Promise<boolean> {
  return transaction(pool, async (queries) => {
    const set = await queries.query(
      `insert into reviews (incident, service, class, corrections, mark, marked_by) values ($1, $2, $3, $4, $5, $6)
       on conflict (incident) do update
         set mark = excluded.mark, marked_by = excluded.marked_by, corrections = excluded.corrections, marked_at = clock_timestamp()
         where (reviews.mark, reviews.marked_by) is distinct from (excluded.mark, excluded.marked_by)`,
      [incident, service, more.class ?? null, corrections, said, by],
    );
    if (set.rowCount === 0) return false;
    const sentence = `${by} says that ${corrections.join(', ')} was ${said}`;
    const data = { mark: said, by, corrections, sentence };
    await appendEvent(queries, { key, kind: 'review.marked', service, instance, incident, data });
    return true;
  });
}

async function symptomEnds(pool: pg.Pool, service: string, instance: string | undefined, from: Date): Promise<{ onset: Date; at: Date }[]> {
  const { rows } = await pool.query<{ onset: string; at: string }>(
    `select body::jsonb->'data'->>'onset' as onset, body::jsonb->>'at' as at from events
      where body::jsonb->>'kind' = 'finding.closed' and body::jsonb->>'service' = $1
        and body::jsonb->>'instance' is not distinct from $2 and (body::jsonb->>'at')::timestamp >= $3::timestamptz at time zone 'utc'
      order by seq limit 1000`,
    [service, instance ?? null, from],
  );
  return rows.map(({ onset, at }) => ({ onset: new Date(Number(onset)), at: new Date(`${at}Z`) }));
}

async function changes(
  pool: pg.Pool,
  service: string,
  from: Date,
  until: Date,
): Promise<{ at: Date; by: string | null; summary: string }[]> {
  const { rows } = await pool.query<{ at: Date; by: string | null; summary: string }>(
    'select at, by, summary from changes where service = $1 and at between $2 and $3 order by at limit 20',
    [service, from, until],
  );
  return rows;
}
