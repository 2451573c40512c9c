import type { Reading } from './reading.js';

/**
 * What a detector says about one objective of a service or instance. A finding is a hint, never a fact: the cycle
 * measures again before it believes it. Idempotent by service, instance, objective and onset.
 */
export interface Finding {
  readonly kind: 'breach' | 'silence';
  readonly service: string;
  readonly instance?: string | undefined;
  readonly objective: string;
  /** First bad (or missing) reading of the unbroken run that led here; ms since the epoch. */
  readonly onset: number;
  readonly severity: Severity;
  readonly evidence: Evidence;
}

export type Severity = 'warning' | 'critical';

/** Numbers a person can check: which signal, its last reading, the bound as a sentence, bad readings of all in the window. */
export interface Evidence {
  readonly signal: string;
  readonly last: Reading;
  readonly bound: string;
  readonly bad: number;
  readonly of: number;
}
