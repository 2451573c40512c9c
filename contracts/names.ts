import type { Privilege } from '../domain/privilege.js';

/** Names that people type in the Temporal UI and that processes share: public API. */

export const workflowTypes = { healingCycle: 'healingCycle', watch: 'watch', dryRun: 'dryRun' } as const;

export const taskQueues = { cycles: 'hale-cycles', watch: 'hale-watch' } as const;

/** Where the workers poll that may act with this privilege for the cycles of a queue: `hale-cycles-docker`. */
export const actQueue = (cycles: string, privilege: Privilege): string => `${cycles}-${privilege}`;

export const searchAttributes = {
  service: 'HaleService',
  phase: 'HalePhase',
  outcome: 'HaleOutcome',
  severity: 'HaleSeverity',
  correction: 'HaleCorrection',
  attempt: 'HaleAttempt',
} as const;

/** As `temporal server start-dev --search-attribute NAME=TYPE` and the operator service want them. */
export const searchAttributeTypes: Readonly<Record<string, 'Keyword' | 'Int'>> = {
  HaleService: 'Keyword',
  HalePhase: 'Keyword',
  HaleOutcome: 'Keyword',
  HaleSeverity: 'Keyword',
  HaleCorrection: 'Keyword',
  HaleAttempt: 'Int',
};

/** The mutex: one cycle at a time per service or instance. */
export const healWorkflowId = (service: string, instance?: string): string => `heal/${service}/${instance ?? '-'}`;

/** A dry run acts on nothing, so that it needs no mutex; a second one replaces the first. */
export const dryRunWorkflowId = (service: string, instance?: string): string => `dry-run/${service}/${instance ?? '-'}`;

/** Into how many parts the watched services are divided. */
export const watchShards = 1;

export const watchWorkflowId = (shard: number): string => `watch/${shard}`;

/** Key of one effect; stable over reset, continue-as-new, retries and replays. */
export const actionIdOf = (cycle: string, attempt: number, step: string): string => `${cycle}/${attempt}/${step}`;
