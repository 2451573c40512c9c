/**
 * One action on the world and what became of it. The row is committed as `intended` before the action, so that
 * whoever finds it later knows that something may have happened; `prepared` is only a before-image, nothing is done.
 *
 *   prepared ─▶ intended ─▶ applied ─▶ adopted | stranded
 *                  │           └─────▶ undoing ─▶ undone | stranded   (committed before the undo is sent)
 *                  ├─────▶ notApplied       (read back: the target never saw it, or refused it)
 *                  └─────▶ unknown ─▶ adopted | stranded   (nobody can tell; never repeated unless declared repeatable)
 */
export type EffectState = 'prepared' | 'intended' | 'applied' | 'notApplied' | 'unknown' | 'undoing' | 'undone' | 'adopted' | 'stranded';

/** States in which the world may still differ from the before-image without anybody having decided so. */
export const openStates: readonly EffectState[] = ['intended', 'applied', 'undoing', 'unknown'];

/** The state of a target before or after an action; `content` is whatever its provider needs to restore or compare it. */
export interface Image {
  /** Hash or identity (pid and start time, symlink target, sha256) by which two images are compared. */
  readonly identity: string;
  /** A line for people: "config.json, 214 bytes, sha256 9f2c". */
  readonly summary: string;
  /** Provider-specific, JSON; large content is stored by hash and only referenced here. */
  readonly content: Readonly<Record<string, unknown>>;
  /** Why this never counts as a good state, however well the service is: the target was not seen, or does not run. */
  readonly notGood?: string;
}

export interface Effect {
  readonly actionId: string;
  readonly cycle: string;
  readonly incident: string;
  readonly service: string;
  readonly instance?: string | undefined;
  readonly correction: string;
  readonly resource: string;
  readonly fence: string;
  readonly state: EffectState;
  readonly before: Image;
  /** What the target was to become when this was prepared; absent where its provider can't say. */
  readonly goal?: Image | undefined;
  readonly after?: Image;
  /** Why it stands as it does, in the words of whoever moved it last. */
  readonly why?: string;
  /** How long ago its last try began when this was read, ms by the database's clock; absent while only prepared. */
  readonly sinceIntendedMs?: number;
  /** How long ago its undo began, likewise; absent while none has. */
  readonly sinceUndoingMs?: number;
  /** Version of the configuration under which it was made; its undo uses the same. */
  readonly configVersion: string;
}
