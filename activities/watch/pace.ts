/** How often the watch does what, in ms. */
export interface Pace {
  /** Heartbeat, and judging without a new reading: a silence makes no noise. */
  readonly tickMs: number;
  readonly saveMs: number;
  readonly configurationMs: number;
  readonly membersMs: number;
  readonly holdsMs: number;
  readonly knownGoodMs: number;
  /** The activity returns after this long and the workflow starts the next. */
  readonly handOverMs: number;
  /** How far before its saved state a new watcher reads samples again: they are stored in another order than taken. */
  readonly catchUpMs: number;
}

export const pace: Pace = {
  tickMs: 1_000,
  saveMs: 10_000,
  configurationMs: 2_000,
  membersMs: 30_000,
  holdsMs: 10_000,
  knownGoodMs: 2_000,
  handOverMs: 50 * 60_000,
  catchUpMs: 5 * 60_000,
};
