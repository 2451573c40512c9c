import type { MeasuredFinding, Severity } from '../finding.js';
import type { Reading } from '../reading.js';
import type { Bound, Objective } from '../service.js';
import { unreachable } from '../failure.js';
import { boundSentence } from './bound.js';
import type { Judgement } from './judgement.js';

/** Whose objective it is: the service itself, or one of its instances. */
export interface Member {
  readonly service: string;
  readonly instance?: string;
}

export const memberKey = (member: { readonly service: string; readonly instance?: string | undefined }): string =>
  `${member.service}/${member.instance ?? '-'}`;

/** A breach as its judgement shows it. */
export function breachOf(member: Member, objective: Objective, judgement: Judgement): MeasuredFinding {
  return findingOf('breach', member, objective, judgement, severityOf(objective.bound, judgement.last));
}

/**
 * The finding that stands after a judgement, given the one that stood before. While nobody can tell (doubt, missing
 * data), what stood goes on standing; a signal silenced by its own condition (`onlyIf`) has nothing to say.
 */
export function findingAfter(
  before: MeasuredFinding | undefined,
  member: Member,
  objective: Objective,
  judgement: Judgement,
  now: number,
): MeasuredFinding | undefined {
  switch (judgement.kind) {
    case 'met':
      return judgement.doubtfulSince !== undefined && before?.kind === 'breach' ? before : undefined;
    case 'broken':
      return before?.kind === 'breach' ? grown(before, breachOf(member, objective, judgement)) : breachOf(member, objective, judgement);
    case 'noData':
      if (isOutOfScope(judgement)) return undefined;
      if (before !== undefined || now - judgement.since < objective.silenceMs) return before;
      return findingOf('silence', member, objective, judgement, 'warning');
    default:
      return unreachable(judgement);
  }
}

/** A signal whose own condition is not met (no traffic, say) tells nothing on purpose. */
export const isOutOfScope = (judgement: Judgement): boolean =>
  judgement.last.kind === 'noData' && judgement.last.reason === 'conditionNotMet';

function findingOf(
  kind: MeasuredFinding['kind'],
  member: Member,
  objective: Objective,
  judgement: Judgement,
  severity: Severity,
): MeasuredFinding {
  const { since, last, bad, of } = judgement;
  return {
    kind,
    service: member.service,
    ...(member.instance === undefined ? {} : { instance: member.instance }),
    objective: objective.name,
    onset: since,
    severity,
    evidence: { signal: objective.signal, last, bound: boundSentence(objective.bound), bad, of },
  };
}

/** One finding keeps its onset, and its severity never falls, until it is closed. */
const grown = (before: MeasuredFinding, current: MeasuredFinding): MeasuredFinding => ({
  ...current,
  onset: before.onset,
  severity: severityRank(before.severity) > severityRank(current.severity) ? before.severity : current.severity,
});

export const severityRank = (severity: Severity): number => (severity === 'critical' ? 1 : 0);

/** Critical: twice the upper bound or more, half the lower bound or less, or beyond every number. */
export function severityOf(bound: Bound, reading: Reading): Severity {
  if (reading.kind !== 'value') return reading.kind === 'unbounded' ? 'critical' : 'warning';
  const far = 'above' in bound ? reading.value <= bound.above / 2 : bound.below > 0 && reading.value >= bound.below * 2;
  return far ? 'critical' : 'warning';
}
