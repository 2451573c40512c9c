import { formatDuration } from '../duration.js';

/** What an objective's target leaves for bad readings, and how much of that is gone. */
export interface ErrorBudget {
  readonly objective: string;
  readonly bad: number;
  /** Readings with a value; those without say nothing about either side. */
  readonly of: number;
  readonly target: number;
  readonly windowMs: number;
  /** With less left than this, a loss is a person's to decide on. */
  readonly askBelow: number;
}

/** The share that is left: negative where more is gone than there was, undefined without a single reading. */
export function budgetLeft({ bad, of, target }: Pick<ErrorBudget, 'bad' | 'of' | 'target'>): number | undefined {
  if (of === 0) return undefined;
  const allowed = 1 - target;
  return allowed <= 0 ? (bad === 0 ? 1 : -Infinity) : 1 - bad / of / allowed;
}

/** Where nothing is known, nobody knows that there is a budget left. */
export function tooLittleLeft(budget: ErrorBudget | undefined): string | undefined {
  if (budget === undefined) return undefined;
  const left = budgetLeft(budget);
  if (left !== undefined && left >= budget.askBelow) return undefined;
  const { objective, bad, of, windowMs, askBelow } = budget;
  const known =
    left === undefined ? 'has no readings' : `has ${bad} of ${of} readings bad, which leaves ${shareOf(left)} of its error budget`;
  return `${objective} ${known} within ${formatDuration(windowMs)}, and below ${shareOf(askBelow)} a loss is for a person to decide`;
}

const shareOf = (ratio: number): string => (ratio <= 0 ? 'nothing' : `${Number((ratio * 100).toFixed(1))}%`);

/** Of several budgets the one with the least left decides; one without a reading has less than any other. */
export function scarcest(budgets: readonly ErrorBudget[]): ErrorBudget | undefined {
  const rank = (budget: ErrorBudget): number => budgetLeft(budget) ?? -Infinity;
  return budgets.toSorted((one, other) => rank(one) - rank(other))[0];
}
