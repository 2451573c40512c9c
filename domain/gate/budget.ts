import { formatDuration } from '../duration.js';
import type { Fleet, Service } from '../service.js';

export type BudgetOf = 'service' | 'class' | 'team' | 'correction' | 'environment';

/** At most so many corrections in a time; all budgets that fit hold at once. */
export interface Budget {
  readonly max: number;
  readonly inMs: number;
  readonly per: BudgetOf;
}

/** A budget for one correction of one service: what counts against it. */
export interface BudgetScope extends Budget {
  /** For people: "shop", "class web". */
  readonly of: string;
  /** All services where it is absent. */
  readonly services?: readonly string[];
  readonly correction?: string;
}

export interface BudgetUse extends Budget {
  readonly of: string;
  /** Changes that may have touched the world within the time. */
  readonly used: number;
}

/** The budgets that a correction of this service draws on. One per class or team is none where the service has neither. */
export function scopesOf(
  budgets: readonly Budget[],
  fleet: Pick<Fleet, 'environment' | 'services'>,
  service: Service,
  correction: string,
): BudgetScope[] {
  const those = (fits: (one: Service) => boolean): string[] => fleet.services.filter(fits).map(({ name }) => name);
  return budgets.flatMap((budget): BudgetScope[] => {
    switch (budget.per) {
      case 'service':
        return [{ ...budget, of: service.name, services: [service.name] }];
      case 'correction':
        return [{ ...budget, of: `${correction} of ${service.name}`, services: [service.name], correction }];
      case 'class':
        return service.class === undefined
          ? []
          : [{ ...budget, of: `class ${service.class}`, services: those((one) => one.class === service.class) }];
      case 'team':
        return service.team === undefined
          ? []
          : [{ ...budget, of: `team ${service.team}`, services: those((one) => one.team === service.team) }];
      case 'environment':
        return [{ ...budget, of: `environment ${fleet.environment}` }];
    }
  });
}

/** The first budget with nothing left. */
export function spent(budgets: readonly BudgetUse[] | undefined): string | undefined {
  const empty = budgets?.find(({ used, max }) => used >= max);
  return empty && budgetSentence(empty);
}

export const budgetSentence = ({ of, used, max, inMs }: BudgetUse): string =>
  `the budget of ${of} is used up: ${used} of ${max} corrections within ${formatDuration(inMs)}`;
