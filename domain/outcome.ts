/** How a cycle ends. `stranded` outranks all others: something is neither as it was nor as it should be. */
export const outcomes = [
  'healed',
  'prevented',
  'recoveredAlone',
  'notConfirmed',
  'refused',
  'escalated',
  'aborted',
  'takenOver',
  'stranded',
] as const;

export type Outcome = (typeof outcomes)[number];

/**
 * Outcomes after which hale keeps its hands off until a person resumes it or the symptom stayed away for the hold window:
 * where it failed, and where a person said that it is theirs.
 */
export function holdsService(outcome: Outcome): boolean {
  return outcome === 'escalated' || outcome === 'stranded' || outcome === 'takenOver' || outcome === 'aborted';
}
