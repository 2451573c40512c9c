/** One change of a resource and what became of it. Times in ms since the epoch; images by identity. */
export interface Turn {
  readonly at: number;
  readonly before: string;
  readonly after?: string;
  readonly undone: boolean;
}

export interface Freeze {
  readonly reversals: number;
  readonly withinMs: number;
  readonly until: number;
}

/** So many reversals within so long freeze a resource. */
export interface FreezePolicy {
  readonly reversals: number;
  readonly withinMs: number;
}

export const freezeDefault: FreezePolicy = { reversals: 2, withinMs: 3_600_000 };

/**
 * A knob that is turned back and forth helps nobody. It is turned back by an undo, and by a change that brings about what an
 * earlier change had done away with. Two reversals within an hour freeze it until the older of them is an hour past.
 */
export function freezeOf(turns: readonly Turn[], now: number, policy: FreezePolicy = freezeDefault): Freeze | undefined {
  const { withinMs } = policy;
  const inOrder = turns.filter(({ at }) => now - at < withinMs).toSorted((one, other) => one.at - other.at);
  const reversals = inOrder.filter((turn, index) => turn.undone || bringsBack(turn, inOrder.slice(0, index)));
  const oldest = reversals.at(-policy.reversals);
  return oldest && { reversals: reversals.length, withinMs, until: oldest.at + withinMs };
}

/** A restart that leaves the resource as it was turns nothing. */
const bringsBack = ({ before, after }: Turn, earlier: readonly Turn[]): boolean =>
  after !== undefined && after !== before && earlier.some((one) => !one.undone && one.before === after && one.after !== after);
