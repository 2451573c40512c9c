export const changeKinds = ['deploy', 'configuration', 'scaling', 'other'] as const;
export const changeStates = ['started', 'finished', 'failed'] as const;

/** What people or machines changed about a service. Times in ms since the epoch. */
export interface Change {
  /** Makes a later word about it a word about the same change, beside its source. */
  readonly id: string;
  readonly source: string;
  readonly service: string;
  readonly kind: (typeof changeKinds)[number];
  readonly state: (typeof changeStates)[number];
  /** What changed, for people. */
  readonly summary: string;
  /** A version, a commit or a build. */
  readonly reference?: string;
  readonly by?: string;
  /** When it began, or was made. */
  readonly at: number;
  readonly finishedAt?: number;
}

/** By whom a change is that hale itself made: no news to hale, and nothing that it would take back for being new. */
export const haleItself = 'hale';

/** A change that began and never ended is taken for lost after this long. */
export const underWayMsMax = 3_600_000;

/** When it last made a difference. */
export const changedAt = ({ at, finishedAt }: Change): number => Math.max(at, finishedAt ?? at);

const seconds = (ms: number): string => {
  const whole = Math.max(0, Math.round(ms / 1000));
  return whole < 120 ? `${whole}s` : `${Math.round(whole / 60)}m`;
};

/** "deploy v2 by ada 3m ago (ci)" */
export function changeSentence(change: Change, now: number): string {
  const { kind, reference, summary, by, source, state } = change;
  const word = { started: 'under way, began', finished: 'made', failed: 'failed' }[state];
  return `${kind} ${reference ?? summary}${by === undefined ? '' : ` by ${by}`} ${word} ${seconds(now - changedAt(change))} ago (${source})`;
}
