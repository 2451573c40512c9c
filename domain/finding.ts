import type { Reading } from './reading.js';

/** What a detector or somebody's monitoring says. A finding is a hint, never a fact: the cycle measures again before it believes it. */
export type Finding = MeasuredFinding | AlertFinding;

/** About one objective of a service or instance. Idempotent by service, instance, objective and onset. */
export interface MeasuredFinding {
  readonly kind: 'breach' | 'silence';
  readonly service: string;
  readonly instance?: string | undefined;
  readonly objective: string;
  /** First bad (or missing) reading of the unbroken run that led here; ms since the epoch. */
  readonly onset: number;
  readonly severity: Severity;
  readonly evidence: Evidence;
}

/** An alert that fires in somebody else's monitoring. It names no objective: all of them are measured. */
export interface AlertFinding {
  readonly kind: 'alert';
  readonly service: string;
  readonly instance?: string | undefined;
  /** Its name there, and the source that sent it. */
  readonly alert: string;
  readonly source: string;
  /** Since when it fires, as its sender says; ms since the epoch. */
  readonly onset: number;
  readonly severity: Severity;
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

/** The objective that a finding is about; an alert names none. */
export const objectiveOf = (finding: Finding | undefined): string | undefined =>
  finding === undefined || finding.kind === 'alert' ? undefined : finding.objective;
