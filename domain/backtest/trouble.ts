import type { MeasuredFinding } from '../finding.js';
import type { GateAnswer } from '../gate.js';

/** One trouble of one service or instance in history, and what hale would have done about it. Times in ms since the epoch. */
export interface Trouble {
  readonly service: string;
  readonly instance?: string;
  readonly onset: number;
  /** When the first finding opened: the bound was broken for long enough. */
  readonly foundAt: number;
  /** Absent while it stands at the end of the history. */
  readonly endedAt?: number;
  /** Every finding that opened in it, relapses included. */
  readonly findings: readonly MeasuredFinding[];
  readonly proposals: readonly Proposal[];
  /** Why a person would have been called, in order. */
  readonly calls: readonly { readonly at: number; readonly why: string }[];
  /** Sentences about what hale waited for: a dependency, or time. */
  readonly waits: readonly { readonly at: number; readonly why: string }[];
}

export interface Proposal {
  readonly at: number;
  readonly correction: string;
  readonly answer: GateAnswer;
  /** Corrections earlier in the plan about which history says nothing. */
  readonly passedOver: readonly { readonly correction: string; readonly why: string }[];
}
