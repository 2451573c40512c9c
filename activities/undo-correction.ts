import type { UndoAnswer } from '../contracts/activities.js';
import { openStates, type Effect, type Image } from '../domain/effect.js';
import { NotPermitted } from '../domain/failure.js';
import type { Correction } from '../domain/service.js';
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
      return undoEffect(ports, effect, { holder: effect.cycle, why, abort });
    });

export interface Undoing {
  /** The cycle that takes the lease: its own, or a later one that settles what it left behind. */
  readonly holder: string;
  readonly why: string;
  readonly abort: AbortSignal;
}

/** One undo in the hands of its provider. */
interface TakingBack {
  readonly effect: Effect;
  readonly after: Image;
  readonly provider: Provider;
  readonly call: Call;
  readonly why: string;
}

export async function undoEffect(ports: UndoNeeds, effect: Effect, { holder, why, abort }: Undoing): Promise<UndoAnswer> {
  if (effect.state === 'undone') return { kind: 'undone', now: effect.before.summary };
  // A try that stranded it and died before its answer: the same answer again.
  if (effect.state === 'stranded') return { kind: 'stranded', reason: effect.why ?? 'an earlier try could not undo it' };
  const { after } = effect;
  if (after === undefined) return strand(ports, effect, 'its after-image is not known, so nobody can tell what to compare with');
  const service = await serviceOf(ports, effect);
  const correction = correctionOf(service, effect.correction);
  const aimed = aim(ports, service, effect.instance, correction);
  if (aimed.kind === 'noAim') return strand(ports, effect, aimed.reason);
  const { provider, target } = aimed;
  if (isCutOff(effect) && !correction.repeatable && provider.readBackBy(correction.action) === 'none')
    return strand(ports, effect, 'its undo was cut off, and nobody can tell whether it was done');

  const lease = await ports.leases.acquire(effect.resource, holder, correction.timeoutMs + LEASE_MARGIN_MS);
  if (lease.kind === 'taken') throw new Error(`${effect.resource} is being acted upon by cycle ${lease.by}: tried again until it is free`);
  const { fence } = lease;
  if (!(await ports.effects.move(effect.actionId, ['applied', 'undoing'], 'undoing', { fence, why })))
    throw new Error(`the undo of ${effect.actionId} is in the hands of another try`);
  const call: Call = {
    ...target,
    actionId: `${effect.actionId}/undo`,
    fence,
    before: effect.before,
    ...(effect.goal === undefined ? {} : { goal: effect.goal }),
    ...wasUnderWay(effect, correction),
    abort,
    permit: permitFor(ports, { ...effect, cycle: holder }, fence, {
      timeoutMs: correction.timeoutMs,
      fencedBy: provider.fencedBy,
      purpose: 'undo',
    }),
  };
  return takeBack(ports, { effect, after, provider, call, why });
}

/** An earlier try committed that it was about to send the undo, and nothing since: it may have been done, or be under way. */
const isCutOff = ({ state }: Effect): boolean => state === 'undoing';

const wasUnderWay = (effect: Effect, correction: Correction): Pick<Call, 'underWayUntil'> =>
  isCutOff(effect) ? { underWayUntil: underWayUntil(correction, effect.sinceUndoingMs) } : {};

async function takeBack(ports: UndoNeeds, taking: TakingBack): Promise<UndoAnswer> {
  const { effect, after, provider, call, why } = taking;
  try {
    const undone = await provider.undo(call, after);
    if (undone.kind === 'changedMeanwhile') {
      return await strand(ports, effect, `it was changed meanwhile: expected ${after.summary}, found ${undone.now.summary}`);
    }
    await ports.effects.move(effect.actionId, ['undoing'], 'undone', { fence: call.fence, why });
    return { kind: 'undone', now: undone.now.summary };
  } catch (error) {
    if (call.abort.aborted) throw error;
    if (error instanceof NotPermitted) return notPermitted(ports, taking, error.message);
    return strand(ports, effect, String(error));
  }
}

/** No failure of the undo: the effect stays listed as in force, to be undone or kept by a person. */
async function notPermitted(ports: UndoNeeds, { effect, call }: TakingBack, reason: string): Promise<UndoAnswer> {
  if (!isCutOff(effect)) await ports.effects.move(effect.actionId, ['undoing'], 'applied', { fence: call.fence, why: reason });
  return { kind: 'stranded', reason };
}

/** What is left for a person: they find it in the records, with the reason. */
export async function strand(ports: Pick<Ports, 'effects'>, effect: Effect, reason: string): Promise<UndoAnswer> {
  await ports.effects.move(effect.actionId, openStates, 'stranded', { why: reason });
  return { kind: 'stranded', reason };
}
