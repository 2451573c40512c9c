import type { Reading } from '../reading.js';
import type { Bound } from '../service.js';

/** A reading seen from a bound. `missing` says nothing either way. */
export type Side = 'good' | 'bad' | 'missing';

/**
 * The bound itself is unhealthy. An infinity is bad where it breaks the bound; on the healthy side it is no evidence
 * of health (a division by zero looks like that), so it is missing.
 */
export function sideOf(bound: Bound, reading: Reading): Side {
  if (reading.kind === 'noData') return 'missing';
  if (reading.kind === 'unbounded') return 'above' in bound === reading.sign > 0 ? 'missing' : 'bad';
  const good = 'above' in bound ? reading.value > bound.above : reading.value < bound.below;
  return good ? 'good' : 'bad';
}

/** "above 0": as people wrote it. */
export function boundSentence(bound: Bound): string {
  return 'above' in bound ? `above ${bound.above}` : `below ${bound.below}`;
}
