import type pg from 'pg';
import type { Call, Examined, ReadBack, Undone } from '../../activities/ports.js';
import type { Image } from '../../domain/effect.js';
import type { Action } from '../../domain/service.js';

export type PostgresAction = Extract<Action, { kind: 'postgres' }>;

/** What became of it, without the image: `left` says what is still to do, `unknown` why nobody can tell. */
export type Became = Exclude<ReadBack['kind'], 'partly' | 'unknown'> | { readonly left: string } | { readonly unknown: string };

/** What one statement of the catalogue does, on a session that is open already. */
export interface Statement {
  look(session: pg.Client, action: PostgresAction): Promise<Image>;
  examine(session: pg.Client, action: PostgresAction, current: Image): Promise<Examined>;
  /** Asks for permission last, and leaves the comparison with the before-image to the server where it can. */
  act(session: pg.Client, call: Call<PostgresAction>): Promise<void>;
  readBack(session: pg.Client, action: PostgresAction, before: Image): Promise<Became>;
  /** Absent where nothing can be brought back. */
  undo?(session: pg.Client, call: Call<PostgresAction>, after: Image): Promise<Undone>;
}
