import type { MeasuredFinding } from './finding.js';

/** What a provider saw when it looked at its target, without touching it. */
export type Examination =
  | { readonly correction: string; readonly applicable: true; readonly evidence: string; readonly changedAt?: number }
  | { readonly correction: string; readonly applicable: false; readonly reason: string };

/** The later of what a provider saw at its target and what the change feed says about the service. */
export function withChange(seen: Examination, changedAt: number | undefined): Examination {
  if (!seen.applicable || changedAt === undefined || (seen.changedAt !== undefined && seen.changedAt >= changedAt)) return seen;
  return { ...seen, changedAt };
}

/** A correction for what changed lately does not apply where nothing did, nor where nobody can tell. */
export function onlyIfChanged(seen: Examination, withinMs: number, now: number): Examination {
  if (!seen.applicable || (seen.changedAt !== undefined && now - seen.changedAt <= withinMs)) return seen;
  const changed =
    seen.changedAt === undefined
      ? 'nobody can tell when its target changed'
      : `its target changed ${Math.round((now - seen.changedAt) / 1000)}s ago`;
  return { correction: seen.correction, applicable: false, reason: `${changed}; it is only for changes within ${withinMs / 1000}s` };
}

/** The state of one service this one depends on, from its own objectives. */
export interface DependencyState {
  readonly service: string;
  readonly state: 'met' | 'broken' | 'noData';
}

export interface Diagnosis {
  /** Names the same trouble in the same way next time; the key under which lessons are kept. */
  readonly pattern: string;
  readonly brokenDependencies: readonly string[];
  readonly examinations: readonly Examination[];
  /** One sentence for people. */
  readonly sentence: string;
}

/**
 * Classifies on evidence from both sides: which objectives broke, what each provider saw at its target, and how the
 * dependencies are. Error texts and names of faults play no part.
 */
export function diagnose(
  findings: readonly MeasuredFinding[],
  examinations: readonly Examination[],
  dependencies: readonly DependencyState[],
  /** What changed lately, as sentences. */
  changes: readonly string[] = [],
): Diagnosis {
  const broken = findings.map((f) => `${f.objective}:${f.kind}`).sort();
  const applicable = examinations
    .filter((e) => e.applicable)
    .map((e) => e.correction)
    .sort();
  const brokenDependencies = dependencies.filter((d) => d.state === 'broken').map((d) => d.service);
  return {
    pattern: [broken.join('+') || 'none', applicable.join('+') || 'none'].join('|'),
    brokenDependencies,
    examinations,
    sentence: sentenceOf(findings, examinations, brokenDependencies, changes),
  };
}

function sentenceOf(
  findings: readonly MeasuredFinding[],
  examinations: readonly Examination[],
  dependencies: readonly string[],
  changes: readonly string[],
): string {
  const symptom = findings.map((f) => `${f.objective} ${f.evidence.bound} is broken (${f.evidence.bad} of ${f.evidence.of} readings)`);
  const seen = examinations.flatMap((e) => (e.applicable ? [`${e.correction}: ${e.evidence}`] : []));
  const upstream = dependencies.length === 0 ? [] : [`depends on ${dependencies.join(', ')}, broken too`];
  const changed = changes.length === 0 ? [] : [`changed lately: ${changes.join(', ')}`];
  return [...symptom, ...upstream, ...changed, ...seen].join('; ');
}
