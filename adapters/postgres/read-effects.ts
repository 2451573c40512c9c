import type pg from 'pg';
import type { EffectState } from '../../domain/effect.js';
import type { UndoClass } from '../../domain/service.js';
import type { Verdict } from '../../domain/verdict.js';
import { instanceOf } from './database.js';

export interface EffectRecord {
  readonly actionId: string;
  readonly incident: string;
  readonly service: string;
  readonly instance?: string;
  readonly correction: string;
  readonly resource: string;
  readonly state: EffectState;
  readonly verdict?: Verdict['kind'];
  readonly before: string;
  readonly after?: string;
  readonly why?: string;
}

/** A change that hale made, that was not undone, and of which nobody has said that it stays. Times of the database's clock. */
export interface InForce extends EffectRecord {
  /** undefined for effects that are older than this column. */
  readonly undo?: UndoClass;
  readonly since: Date;
}

interface Row {
  action_id: string;
  incident: string;
  service: string;
  instance: string;
  correction: string;
  resource: string;
  state: EffectState;
  verdict: Verdict['kind'] | null;
  undo: UndoClass | null;
  before: string;
  after: string | null;
  why: string | null;
  intended_at: Date;
}

const COLUMNS = `action_id, incident, service, instance, correction, resource, state, verdict, undo, why, intended_at,
  before_image->>'summary' as before, after_image->>'summary' as after`;

/** In the order in which they were prepared; `where` is about one parameter. */
export async function readEffects(pool: pg.Pool, where: string, values: readonly string[]): Promise<EffectRecord[]> {
  const { rows } = await pool.query<Row>(`select ${COLUMNS} from effects where ${where} order by prepared_at`, [values]);
  return rows.map(recordOf);
}

/**
 * Oldest first. What leaves nothing to restore is in force only while nobody knows what became of it. What held is
 * superseded by the next effect on the same resource: then that one is in force.
 */
export async function readInForce(pool: pg.Pool): Promise<InForce[]> {
  const { rows } = await pool.query<Row>(
    `select ${COLUMNS} from effects one
      where kept_by is null and state not in ('prepared', 'notApplied', 'undone')
        and (undo is distinct from 'nothingToRestore' or state not in ('applied', 'adopted'))
        and not (state = 'adopted' and exists (
              select from effects later
               where later.resource = one.resource and later.intended_at > one.intended_at and later.state not in ('prepared', 'notApplied', 'undone')))
      order by intended_at`,
  );
  return rows.map((row) => ({ ...recordOf(row), since: row.intended_at, ...(row.undo === null ? {} : { undo: row.undo }) }));
}

const recordOf = ({ action_id, instance, verdict, after, why, undo: _undo, intended_at: _intendedAt, ...row }: Row): EffectRecord => ({
  ...row,
  ...instanceOf(instance),
  actionId: action_id,
  ...(verdict === null ? {} : { verdict }),
  ...(after === null ? {} : { after }),
  ...(why === null ? {} : { why }),
});
