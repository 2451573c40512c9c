import type { AskCard } from '../contracts/activities.js';
import { reachSentence, recordSentence, tookSentence } from '../domain/ask.js';
import type { Record } from '../domain/lesson.js';
import type { PlanStep } from '../domain/plan.js';
import type { UndoClass } from '../domain/service.js';
import type { Cycle } from './cycle.js';
import type { Proposal } from './refusal.js';

/** What a person who decides must know about taking it back. */
export const UNDO: { readonly [U in UndoClass]: string } = {
  restores: 'hale can undo',
  nothingToRestore: 'leaves nothing to undo',
  loses: 'loses something for ever',
  irreversible: 'cannot be undone',
};

export interface Refused {
  readonly correction: string;
  readonly sentence: string;
}

/** The way through the plan so far: what is learned about it, what was in vain and what was refused. */
export interface Walked {
  readonly records: readonly Record[];
  readonly failed: readonly string[];
  readonly refused: readonly Refused[];
}

/** Only what is known: what was never tried or never measured says so. */
export function cardOf(cycle: Cycle, { correction, why: choice }: PlanStep, proposal: Proposal, walked: Walked): AskCard {
  const { service, instance } = cycle.order;
  const { before, goal, took, facts } = proposal;
  return {
    proposal: proposal.proposal,
    correction: correction.name,
    choice,
    before,
    ...(goal === undefined ? {} : { goal }),
    undo: UNDO[correction.undo],
    touches: reachSentence(service, instance, facts.blast),
    record: recordSentence(walked.records.find((one) => one.correction === correction.name)),
    took: tookSentence(took),
    ...(walked.failed.length === 0 ? {} : { tried: walked.failed.join('; ') }),
    ...(walked.refused.length === 0 ? {} : { refused: walked.refused.map(named).join('; ') }),
    expires: new Date(Date.now() + cycle.limits.approvalExpiryMs).toISOString(),
  };
}

/** Not every rule of the policy is about one correction. */
const named = ({ correction, sentence }: Refused): string => (sentence.includes(correction) ? sentence : `${correction}: ${sentence}`);
