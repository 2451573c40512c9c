import type { Turn } from '../../domain/gate/flapping.js';

/** A wait touches nothing, so that it uses nothing up. */
export const TOUCHED = "state not in ('prepared', 'notApplied') and resource not like 'wait/%'";

/** Columns of an effect that make a turn. */
export const TURN = `extract(epoch from intended_at)::float8 * 1000 as at, before_image->>'identity' as before,
  after_image->>'identity' as after, state = 'undone' as undone`;

export interface TurnRow {
  readonly at: number;
  readonly before: string;
  readonly after: string | null;
  readonly undone: boolean;
}

export const turnOf = ({ at, before, after, undone }: TurnRow): Turn => ({
  at: Math.round(at),
  before,
  ...(after === null ? {} : { after }),
  undone,
});
