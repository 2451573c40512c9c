import type { Diagnosis } from './diagnosis.js';
import type { Record } from './lesson.js';
import type { CorrectionBrief } from './service.js';

/** One line of the plan: a correction, or why it is not tried. */
export type PlanStep =
  | { readonly kind: 'try'; readonly correction: CorrectionBrief; readonly why: string }
  | { readonly kind: 'skip'; readonly correction: CorrectionBrief; readonly why: string };

/**
 * Orders the corrections of a service for this diagnosis. The file's order is the first plan; what failed on this
 * pattern and never held is tried after everything that did not. A correction whose target shows nothing to correct
 * is skipped with the provider's reason.
 */
export function planCorrections(
  corrections: readonly CorrectionBrief[],
  diagnosis: Diagnosis,
  records: readonly Record[],
  order: 'learned' | 'fixed',
): PlanStep[] {
  const steps = corrections.map((correction) => stepFor(correction, diagnosis));
  if (order === 'fixed') return steps;
  const disappointed = (step: PlanStep) => onlyFailed(records.find((r) => r.correction === step.correction.name));
  return [...steps.filter((s) => !disappointed(s)), ...steps.filter(disappointed).map(lowered)];
}

function stepFor(correction: CorrectionBrief, diagnosis: Diagnosis): PlanStep {
  const seen = diagnosis.examinations.find((e) => e.correction === correction.name);
  if (seen === undefined) return { kind: 'skip', correction, why: 'its target could not be examined' };
  return seen.applicable ? { kind: 'try', correction, why: seen.evidence } : { kind: 'skip', correction, why: seen.reason };
}

const onlyFailed = (record: Record | undefined): boolean => record !== undefined && record.tried > 0 && record.held === 0;

const lowered = (step: PlanStep): PlanStep => ({ ...step, why: `${step.why}; moved back: never held on this pattern` });

/** The first step not tried yet, or undefined when only a person is left. */
export function nextStep(plan: readonly PlanStep[], tried: readonly string[]): PlanStep | undefined {
  return plan.find((step) => step.kind === 'try' && !tried.includes(step.correction.name));
}
