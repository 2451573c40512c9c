import type { Level, Mode } from '../service.js';
import type { Storm } from '../storm.js';
import type { Blast } from './blast.js';
import type { BudgetUse } from './budget.js';
import type { ErrorBudget } from './error-budget.js';

/**
 * Everything the policy looks at, gathered right before it decides. Times in ms since the epoch. What is absent speaks
 * against nothing.
 */
export interface GateFacts {
  readonly now: number;
  readonly stopped: boolean;
  readonly paused?: { readonly until?: number; readonly by: string };
  readonly held?: { readonly since: number; readonly outcome: string };
  /** What of hale's own the target is: `PostgreSQL`, `state folder`. */
  readonly ownGround?: string;
  /** The storm in force, unless this service is its source. */
  readonly storm?: Storm;
  /** Incidents under way of what this service depends on, directly or through others. */
  readonly upstream?: readonly { readonly service: string; readonly incident: string }[];
  /** The controller that owns the target, where the correction does not go through it. */
  readonly owner?: string;
  readonly attempts: number;
  readonly attemptsMax: number;
  /** The resource was turned back so often that only a person may touch it until then. */
  readonly frozen?: { readonly resource: string; readonly reversals: number; readonly withinMs: number; readonly until: number };
  /** Another cycle acts on the same resource. */
  readonly busy?: { readonly resource: string; readonly by: string };
  /** Who said no to this very proposal in this incident, and when. */
  readonly rejected?: { readonly by: string; readonly at: number };
  /** Maintenance windows that are open now, and change windows that are not. */
  readonly maintenance?: readonly string[];
  readonly outsideWindows?: readonly string[];
  /** Somebody told the Alertmanager to be silent about this service. */
  readonly silence?: { readonly by: string; readonly until: number; readonly comment: string };
  readonly rollout?: { readonly what: string; readonly since: number };
  /** A person works on this service, or has taken over a part of it. */
  readonly person?: { readonly by: string; readonly what: string };
  readonly blast?: Blast;
  readonly budgets?: readonly BudgetUse[];
  readonly lastAppliedAt?: number;
  /** The configuration of now has no such correction, or no such service. */
  readonly withdrawn?: boolean;
  /** Its mode in the configuration of now, where that is another than the cycle's: the stricter one counts. */
  readonly modeNow?: Mode;
  /** What hale may do with this correction at most; without, the mode alone decides. */
  readonly level?: Level;
  /** Looked at only where a loss is to be decided on. */
  readonly errorBudget?: ErrorBudget;
  /** What could not be asked, a sentence each. It decides nothing, and is said with the answer. */
  readonly notKnown?: readonly string[];
}
