import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { CycleActivities } from '../contracts/activities.js';
import { actQueue } from '../contracts/names.js';
import { privilegeOf, type Privilege } from '../domain/privilege.js';
import type { CorrectionBrief, Limits } from '../domain/service.js';

/**
 * A first retry comes fast because the usual reason is a worker that was killed; the last ones are slow enough for a
 * database that restarts. Bounded: a step that fails for ten minutes calls a person through the cycle's failure.
 */
const retry = { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '10s', maximumAttempts: 60 } as const;

/** Looking is cheap and may be repeated. */
export const look = proxyActivities<
  Pick<
    CycleActivities,
    'openIncident' | 'diagnoseService' | 'prepareCorrection' | 'withdrawCorrection' | 'validateHold' | 'learnLesson' | 'recordAnswer'
  >
>({ startToCloseTimeout: '10m', heartbeatTimeout: '5s', retry });

const long = { startToCloseTimeout: '6h', heartbeatTimeout: '5s', retry } as const;

/** Workers that start anew are back by then. */
const WORKER_AWAY_MS_MAX = 120_000;

/** What waits for a worker for longer would be done on a decision of long ago, and the cycle hears no word meanwhile. */
const acting = ({ escalateAfterMs }: Limits) => ({ ...long, scheduleToStartTimeout: Math.min(WORKER_AWAY_MS_MAX, escalateAfterMs) });

/**
 * Changing is slow, heartbeats, and finds out by reading back what a killed worker left behind. A worker that dies is
 * known by its heartbeat; the time limit only has to outlast the longest call that a configuration may allow, twice.
 */
export const act = (provider: CorrectionBrief['provider'], limits: Limits): Pick<CycleActivities, 'applyCorrection' | 'undoCorrection'> =>
  proxyActivities<Pick<CycleActivities, 'applyCorrection' | 'undoCorrection'>>({
    ...acting(limits),
    taskQueue: queueOf(privilegeOf(provider)),
  });

/** Taking back what an earlier cycle left in force is acting too; a person who ends the cycle ends it. */
export const settle = (privilege: Privilege | undefined, limits: Limits): Pick<CycleActivities, 'settleEffects'> =>
  proxyActivities<Pick<CycleActivities, 'settleEffects'>>({
    ...acting(limits),
    taskQueue: queueOf(privilege),
    cancellationType: 'TRY_CANCEL',
  });

/** Whoever acts polls the queue of the privilege that it has; what touches nothing is done where cycles are. */
export function queueOf(privilege: Privilege | undefined): string {
  const { taskQueue } = workflowInfo();
  return privilege === undefined ? taskQueue : actQueue(taskQueue, privilege);
}

/** Waiting for a breach to be old enough, or for the symptom to go, is cancelled when a person ends the cycle. */
export const linger = proxyActivities<Pick<CycleActivities, 'observeService' | 'awaitRecovery'>>({
  ...long,
  cancellationType: 'TRY_CANCEL',
});

/** What people said, whom hale calls and how the cycle ended must be recorded, however long the database is away. */
export const record = proxyActivities<Pick<CycleActivities, 'callPerson' | 'closeIncident' | 'noteWord'>>({
  startToCloseTimeout: '30s',
  heartbeatTimeout: '5s',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '30s' },
});

/** A person waits for the answer: who can't be verified in this time is told so. */
export const check = proxyActivities<Pick<CycleActivities, 'verifyDecision'>>({
  startToCloseTimeout: '5s',
  scheduleToCloseTimeout: '30s',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '2s' },
});
