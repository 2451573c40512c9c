import { Context } from '@temporalio/activity';
import type { UndoAnswer } from '../contracts/activities.js';
import type { Effect, Image } from '../domain/effect.js';
import { NotPermitted } from '../domain/failure.js';
import { beating } from './beat.js';
import { aim, correctionOf, serviceOf, underWayUntil } from './case.js';
import { permitFor } from './permit.js';
import type { Call, Ports, Provider } from './ports.js';

export type UndoNeeds = Pick<Ports, 'configurations' | 'providers' | 'effects' | 'leases' | 'controls'>;

const LEASE_MARGIN_MS = 60_000;

/** Compare-and-set back to the before-image. What can't be taken back is `stranded`, in words that a person can act on. */
export const undoCorrection =
  (ports: UndoNeeds) =>
  ({ actionId, why }: { readonly actionId: string; readonly why: string }): Promise<UndoAnswer> =>
    beating(async (abort) => {
      const effect = await ports.effects.get(actionId);
      if (effect === undefined) throw new Error(`no effect ${actionId} to undo`);
      // Only the number of the try tells whether an earlier one may have left its call under way.
      const isRetry = Context.current().info.attempt > 1;
      return undoEffect(ports, effect, { holder: effect.cycle, why, abort, isRetry });
    });

export interface Undoing {
  /** The cycle that takes the lease: its own, or a later one that settles what it left behind. */
  readonly holder: string;
  readonly why: string;
  readonly abort: AbortSignal;
  /** An earlier try may have left its call under way. */
  readonly isRetry: boolean;
}

export async function undoEffect(ports: UndoNeeds, effect: Effect, undoing: Undoing): Promise<UndoAnswer> {
  const { holder, why, abort, isRetry } = undoing;
  if (effect.state === 'undone') return { kind: 'undone', now: effect.before.summary };
  if (effect.after === undefined) return strand(ports, effect, 'its after-image is not known, so nobody can tell what to compare with');
  const service = await serviceOf(ports, effect);
  const correction = correctionOf(service, effect.correction);
  const aimed = aim(ports, service, effect.instance, correction);
  if (aimed.kind === 'noAim') return strand(ports, effect, aimed.reason);
  const lease = await ports.leases.acquire(effect.resource, holder, correction.timeoutMs + LEASE_MARGIN_MS);
  if (lease.kind === 'taken') return strand(ports, effect, `${effect.resource} is being acted upon by cycle ${lease.by}`);
  const call: Call = {
    ...aimed.target,
    actionId: `${effect.actionId}/undo`,
    fence: lease.fence,
    before: effect.before,
    ...(isRetry ? { underWayUntil: underWayUntil(correction) } : {}),
    abort,
    permit: permitFor(ports, { ...effect, cycle: holder }, lease.fence, correction.timeoutMs),
  };
  return takeBack(ports, effect, aimed.provider, call, effect.after, why);
}

async function takeBack(ports: UndoNeeds, effect: Effect, provider: Provider, call: Call, after: Image, why: string): Promise<UndoAnswer> {
  try {
    const undone = await provider.undo(call, after);
    if (undone.kind === 'changedMeanwhile') {
      return await strand(ports, effect, `it was changed meanwhile: expected ${after.summary}, found ${undone.now.summary}`);
    }
    await ports.effects.move(effect.actionId, ['applied'], 'undone', { fence: call.fence, why });
    return { kind: 'undone', now: undone.now.summary };
  } catch (error) {
    if (call.abort.aborted) throw error;
    // Not permitted is no failure of the undo: the effect stays listed as in force, to be undone or kept by a person.
    if (error instanceof NotPermitted) return { kind: 'stranded', reason: error.message };
    return strand(ports, effect, String(error));
  }
}

async function strand(ports: UndoNeeds, effect: Effect, reason: string): Promise<UndoAnswer> {
  await ports.effects.move(effect.actionId, ['intended', 'applied', 'unknown'], 'stranded', { why: reason });
  return { kind: 'stranded', reason };
}
