import type pg from 'pg';
import type { EffectState } from '../../domain/effect.js';
import type { UndoClass } from '../../domain/service.js';
import { instanceOf } from './database.js';

/** A change that hale made, that was not undone, and of which nobody has said that it stays. Times of the database's clock. */
export interface InForce {
  readonly actionId: string;
  readonly incident: string;
  readonly service: string;
  readonly instance?: string;
  readonly correction: string;
  readonly resource: string;
  readonly state: EffectState;
  /** undefined for effects that are older than this column. */
  readonly undo?: UndoClass;
  readonly before: string;
  readonly after?: string;
  readonly why?: string;
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
  undo: UndoClass | null;
  before: string;
  after: string | null;
  why: string | null;
  since: Date;
}

/**
 * Oldest first. What leaves nothing to restore is in force only while nobody knows what became of it. What held is
 * superseded by the next effect on the same resource: then that one is in force.
 */
export async function readInForce(pool: pg.Pool): Promise<InForce[]> {
  const { rows } = await pool.query<Row>(
    `select action_id, incident, service, instance, correction, resource, state, undo, before_image->>'summary' as before,
            after_image->>'summary' as after, why, intended_at as since
       from effects one
      where kept_by is null and state not in ('prepared', 'notApplied', 'undone')
        and (undo is distinct from 'nothingToRestore' or state not in ('applied', 'adopted'))
        and not (state = 'adopted' and exists (
              select from effects later
               where later.resource = one.resource and later.intended_at > one.intended_at and later.state not in ('prepared', 'notApplied', 'undone')))
      order by intended_at`,
  );
  return rows.map(({ action_id, instance, undo, after, why, ...row }) => ({
    ...row,
    ...instanceOf(instance),
    actionId: action_id,
    ...(undo === null ? {} : { undo }),
    ...(after === null ? {} : { after }),
    ...(why === null ? {} : { why }),
  }));
}
