/** One state of a target, and since when it has been seen without a change. */
export interface Sighting {
  readonly identity: string;
  readonly since: number;
}

/** The same state goes on being seen; a different one starts anew. */
export const sighted = (before: Sighting | undefined, identity: string, now: number): Sighting =>
  before?.identity === identity ? before : { identity, since: now };

/**
 * A state of a target counts as good once it has been there unchanged, and every objective met without doubt, for the
 * whole hold window: a bad configuration that was just written, but not loaded yet, must not count.
 */
export const isKnownGood = (sighting: Sighting, healthySince: number | undefined, holdMs: number, now: number): boolean =>
  healthySince !== undefined && now - Math.max(healthySince, sighting.since) >= holdMs;
