import type { Severity } from '../finding.js';
import type { Outcome } from '../outcome.js';
import { severityRank } from './finding.js';

/** The last report about a service or instance; `settled` once everything it was about had ended. */
export interface ReportMemory {
  readonly at: number;
  readonly severity: Severity;
  readonly settled: boolean;
}

export type LastCycle =
  | { readonly kind: 'none' }
  | { readonly kind: 'running' }
  /** `outcome` is absent where the cycle could not say one: it was terminated, or failed. */
  | { readonly kind: 'ended'; readonly at: number; readonly outcome?: Outcome };

/** A flood of signals would fill a cycle's history. */
const apartMs = 10_000;
/** A cycle that just ended gets this long to show its effect before its symptom is reported again. */
const afterCycleMs = 30_000;
/** What the policy refused is likely refused again: asking each half minute would only fill the ledger. */
const afterRefusalMs = 120_000;
/** A cycle that ends refused looked at the switches this long before, at most. */
const refusalLagMs = 10_000;

/** Whether the last cycle matters to the decision: it is only looked up where it does. */
export const needsLastCycle = (memory: ReportMemory | undefined, severity: Severity, now: number): boolean =>
  memory !== undefined && now - memory.at >= apartMs && !isNews(memory, severity);

/**
 * Reports are level-triggered: at opening, when the severity rises, and again when the cycle has ended (or was lost)
 * and the finding still stands; never closer together than ten seconds. After a refusal later than otherwise, unless
 * something has turned since (ms since the epoch): somebody let go of a switch, or it is time to call a person.
 */
export function reportDue(
  memory: ReportMemory | undefined,
  severity: Severity,
  last: LastCycle,
  now: number,
  turns: readonly number[] = [],
): boolean {
  if (memory === undefined) return true;
  if (now - memory.at < apartMs) return false;
  if (isNews(memory, severity)) return true;
  if (last.kind !== 'ended') return last.kind === 'none';
  if (last.outcome !== 'refused') return now - last.at >= afterCycleMs;
  const hasTurned = turns.some((at) => at > last.at - refusalLagMs && at <= now);
  return now - last.at >= (hasTurned ? apartMs : afterRefusalMs);
}

const isNews = (memory: ReportMemory, severity: Severity): boolean =>
  memory.settled || severityRank(severity) > severityRank(memory.severity);
