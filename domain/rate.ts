/** How much of a source's rate is left. Times in ms since the epoch. */
export interface Bucket {
  readonly left: number;
  readonly at: number;
}

export type Taken =
  | { readonly kind: 'taken'; readonly bucket: Bucket }
  /** Whole seconds until there is one again, as `Retry-After` wants them. */
  | { readonly kind: 'empty'; readonly bucket: Bucket; readonly retryAfterS: number };

/** Takes one request out of a bucket that fills by `perSecond` and holds what comes in one second. A clock set back fills nothing. */
export function takeOne(bucket: Bucket | undefined, perSecond: number, now: number): Taken {
  const passedMs = bucket === undefined ? 0 : Math.max(0, now - bucket.at);
  const left = bucket === undefined ? perSecond : Math.min(perSecond, bucket.left + (passedMs * perSecond) / 1000);
  if (left >= 1) return { kind: 'taken', bucket: { left: left - 1, at: now } };
  return { kind: 'empty', bucket: { left, at: now }, retryAfterS: Math.max(1, Math.ceil((1 - left) / perSecond)) };
}
