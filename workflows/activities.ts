import { proxyActivities } from '@temporalio/workflow';
import type { CycleActivities } from '../contracts/activities.js';

/**
 * A first retry comes fast because the usual reason is a worker that was killed; the last ones are slow enough for a
 * database that restarts. Bounded: a step that fails for ten minutes calls a person through the cycle's failure.
 */
const retry = { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '10s', maximumAttempts: 60 } as const;

/** Looking is cheap and may be repeated. */
export const look = proxyActivities<
  Pick<CycleActivities, 'openIncident' | 'diagnoseService' | 'prepareCorrection' | 'validateHold' | 'learnLesson' | 'recordAnswer'>
>({ startToCloseTimeout: '10m', heartbeatTimeout: '5s', retry });

/**
 * Changing is slow, heartbeats, and finds out by reading back what a killed worker left behind. A worker that dies is
 * known by its heartbeat; the time limit only has to outlast the longest call that a configuration may allow, twice.
 */
export const act = proxyActivities<Pick<CycleActivities, 'applyCorrection' | 'undoCorrection'>>({
  startToCloseTimeout: '6h',
  heartbeatTimeout: '5s',
  retry,
});

/**
 * What lasts is cancelled when a person ends the cycle: waiting for a breach to be old enough or for the symptom to go, and
 * taking back what an earlier cycle left in force.
 */
export const linger = proxyActivities<Pick<CycleActivities, 'settleEffects' | 'observeService' | 'awaitRecovery'>>({
  startToCloseTimeout: '6h',
  heartbeatTimeout: '5s',
  retry,
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
