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

export const reversalsMax = 2;
export const reversalsWithinMs = 3_600_000;

/**
 * A knob that is turned back and forth helps nobody. It is turned back by an undo, and by a change that brings about what an
 * earlier change had done away with. Two reversals within an hour freeze it until the older of them is an hour past.
 */
export function freezeOf(turns: readonly Turn[], now: number): Freeze | undefined {
  const inOrder = turns.filter(({ at }) => now - at < reversalsWithinMs).toSorted((one, other) => one.at - other.at);
  const reversals = inOrder.filter((turn, index) => turn.undone || bringsBack(turn, inOrder.slice(0, index)));
  const oldest = reversals.at(-reversalsMax);
  return oldest && { reversals: reversals.length, withinMs: reversalsWithinMs, until: oldest.at + reversalsWithinMs };
}

/** A restart that leaves the resource as it was turns nothing. */
const bringsBack = ({ before, after }: Turn, earlier: readonly Turn[]): boolean =>
  after !== undefined && after !== before && earlier.some((one) => !one.undone && one.before === after && one.after !== after);
