import type { ProvenHealth } from './board.js';

/** One state of a target, and since when it has been seen without a change. */
export interface Sighting {
  readonly identity: string;
  readonly since: number;
}

/** The same state goes on being seen; a different one starts anew. */
export const sighted = (before: Sighting | undefined, identity: string, now: number): Sighting =>
  before?.identity === identity ? before : { identity, since: now };

/**
 * A state of a target counts as good once it has been there unchanged, and every objective measured and met without doubt, for
 * the whole hold window: a bad configuration that was just written, but not loaded yet, must not count, nor one under which
 * nothing can be measured any more.
 */
export const isKnownGood = (sighting: Sighting, health: ProvenHealth | undefined, holdMs: number): boolean =>
  health !== undefined && health.until - Math.max(health.since, sighting.since) >= holdMs;
