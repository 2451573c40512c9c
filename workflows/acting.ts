import { ActivityFailure, TimeoutFailure } from '@temporalio/workflow';
import type { Applied, ApplyCorrection } from '../contracts/activities.js';
import { privilegeOf, type Privilege } from '../domain/privilege.js';
import type { CorrectionBrief } from '../domain/service.js';
import { act, look, queueOf } from './activities.js';
import type { Cycle } from './cycle.js';

/** No worker with the privilege took it in time, and none will any more. */
export interface Untaken {
  readonly kind: 'untaken';
  readonly reason: string;
}

/**
 * Does a correction once a worker with the privilege is there. What none took in time is withdrawn, because it was decided
 * on what was the case then. What one began and left, only another one can find out.
 */
export async function apply(cycle: Cycle, { provider }: CorrectionBrief, order: ApplyCorrection): Promise<Applied | Untaken> {
  for (;;) {
    const applied = await inTime(privilegeOf(provider), () => act(provider, cycle.limits).applyCorrection(order));
    if (applied.kind !== 'untaken') return applied;
    const { withdrawn } = await look.withdrawCorrection({ actionId: order.actionId, why: applied.reason });
    if (withdrawn) return applied;
    const reason = `the worker that began it is gone, and ${applied.reason}`;
    if (cycle.desk.wish || cycle.isOverdue()) return { kind: 'unknown', reason };
    cycle.chart.say(reason);
  }
}

/** Tries again what nobody took, until a person ended the cycle or must know. */
export async function untilOverdue<T extends object>(
  cycle: Cycle,
  privilege: Privilege | undefined,
  work: () => Promise<T>,
): Promise<T | Untaken> {
  for (;;) {
    const done = await inTime(privilege, work);
    if (!isUntaken(done) || cycle.desk.wish || cycle.isOverdue()) return done;
    cycle.chart.say(done.reason);
  }
}

export const isUntaken = (done: object): done is Untaken => 'kind' in done && done.kind === 'untaken';

async function inTime<T extends object>(privilege: Privilege | undefined, work: () => Promise<T>): Promise<T | Untaken> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ActivityFailure && error.cause instanceof TimeoutFailure)) throw error;
    if (error.cause.timeoutType !== 'SCHEDULE_TO_START') throw error;
    return { kind: 'untaken', reason: `no worker polls ${queueOf(privilege)}` };
  }
}
