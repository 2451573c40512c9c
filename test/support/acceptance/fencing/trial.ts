/** One act by the account of the target. Told: what hale told the target, where it listens to that. */
export interface Act {
  /** ms since the epoch. */
  readonly at: number;
  readonly fence?: string;
}

/** One correction whose first worker was frozen, and all that the target did from when it broke until that worker had ended. */
export interface Trial {
  readonly service: string;
  /** The first worker's fence, as hale's database had it when it was frozen. */
  readonly fence: string | undefined;
  /** It was frozen where it was to be. */
  readonly isInWindow: boolean;
  readonly frozenAt: number;
  readonly thawedAt: number;
  readonly acts: readonly Act[];
}

/** `invalid`: the trial shows nothing. `late`: the first worker acted after it had lost its lease, or the target was acted upon twice. */
export type Verdict = { readonly kind: 'refused' } | { readonly kind: 'late' | 'invalid'; readonly why: string };

/** Sooner than this nobody takes over from a frozen worker: what was done so soon it had done itself. */
const ownMs = 2_000;

export function verdictOf({ acts, frozenAt, thawedAt, fence, isInWindow }: Trial): Verdict {
  if (!isInWindow) return { kind: 'invalid', why: 'it was not frozen in the window' };
  const [first] = acts;
  if (first !== undefined && first.at < frozenAt + ownMs)
    return { kind: 'invalid', why: 'it had reached the target before it stood still' };
  if (first === undefined || first.at >= thawedAt) return { kind: 'invalid', why: 'nobody took over while it was frozen' };
  const own = acts.find((act) => fence !== undefined && act.fence === fence);
  if (own !== undefined) return { kind: 'late', why: `acted under fence ${fence} ${own.at - thawedAt} ms after it went on` };
  const late = acts.find(({ at }) => at >= thawedAt);
  if (late !== undefined) return { kind: 'late', why: `the target was acted upon ${late.at - thawedAt} ms after it went on` };
  return acts.length > 1 ? { kind: 'late', why: `the target was acted upon ${acts.length} times` } : { kind: 'refused' };
}

/** The same trial with one line more in the account: the first worker's act, right after it went on. */
export const withLateAct = (trial: Trial): Trial => ({ ...trial, acts: [...trial.acts, { at: trial.thawedAt + 1 }] });
