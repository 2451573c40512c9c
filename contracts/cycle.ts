import type { ApprovalRules } from '../domain/approval.js';
import type { Finding } from '../domain/finding.js';
import type { Outcome } from '../domain/outcome.js';

/** Input of `healingCycle`; every field but `service` may be left out. */
export interface CycleOrder {
  readonly service: string;
  readonly instance?: string | undefined;
  /** Who or what asks for the cycle: `watch`, or a person's name. */
  readonly by: string;
  readonly reason?: string | undefined;
  readonly finding?: Finding | undefined;
}

export const phases = ['detect', 'diagnose', 'plan', 'gate', 'approve', 'correct', 'validate', 'rollback', 'learn', 'closed'] as const;
export type Phase = (typeof phases)[number];

/** Answer of the `state` query: what hale is doing, why, and what comes next. */
export interface CycleState {
  readonly service: string;
  readonly instance?: string;
  readonly incident?: string;
  readonly phase: Phase;
  readonly sentence: string;
  readonly attempt: number;
  readonly correction?: string;
  readonly paused?: { readonly by: string; readonly reason?: string };
  readonly ask?: Ask;
  readonly refusals: readonly string[];
  readonly outcome?: Outcome;
}

/** A question open for a person. `proposal` is the short hash that a decision must carry. */
export interface Ask {
  readonly proposal: string;
  readonly correction: string;
  readonly sentence: string;
  readonly expiresAt: number;
  readonly needsHash: boolean;
  readonly rules: ApprovalRules;
  /** Who started the cycle: a person, or hale's own `watch`. */
  readonly startedBy: string;
  /** Who has said yes so far. */
  readonly yes: readonly string[];
}

/** What `healingCycle` returns. */
export interface CycleResult {
  readonly incident: string;
  readonly outcome: Outcome;
  readonly sentence: string;
  readonly attempts: number;
}
