import type { Applied, ApplyCorrection } from '../contracts/activities.js';
import type { Effect, EffectState, Image } from '../domain/effect.js';
import { ActionFailed, NotPermitted, TargetRefused } from '../domain/failure.js';
import { scopesOf } from '../domain/gate/budget.js';
import type { Correction } from '../domain/service.js';
import { beating } from './beat.js';
import { aim, correctionOf, fleetOf, serviceOf, underWayUntil, unlessCalledOff } from './case.js';
import { permitFor } from './permit.js';
import type { Call, Ports, Provider, ReadBack, Room } from './ports.js';

type Needs = Pick<Ports, 'configurations' | 'providers' | 'effects' | 'leases' | 'controls' | 'incidents'>;

/** What is left of the lease after the call must outlast validation, so that nobody acts on the same thing meanwhile. */
const LEASE_MARGIN_MS = 60_000;

/**
 * The effects protocol: commit `intended`, act, commit `applied`. A retry that finds `intended` does not act before it
 * has read back what the try before it left behind. Two tries may run at the same time, when Temporal took the first one
 * for dead: the one with the larger fence goes on, and nothing that the other still writes is taken.
 */
export const applyCorrection =
  (ports: Needs) =>
  (input: ApplyCorrection): Promise<Applied> =>
    beating(async (abort) => {
      const effect = await known(ports, input.actionId);
      const correction = correctionOf(await serviceOf(ports, effect), effect.correction);
      const action = await takeAction(ports, effect, correction, abort);
      if (action.kind !== 'action') return action;
      switch (effect.state) {
        case 'prepared':
          return begin(ports, effect, action, correction, input);
        case 'intended':
          return resume(action, correction);
        case 'applied':
          return { kind: 'applied', at: Date.now(), after: effect.after?.summary ?? 'unknown' };
        case 'unknown':
          return { kind: 'unknown', reason: 'it was found unknown before' };
        case 'notApplied':
        case 'undoing':
        case 'undone':
        case 'adopted':
        case 'stranded':
          return { kind: 'notApplied', reason: `the effect is ${effect.state} already` };
      }
    });

/** The first try of it: the answer is on record before the action is. */
async function begin(ports: Needs, effect: Effect, action: Action, correction: Correction, input: ApplyCorrection): Promise<Applied> {
  const { actionId, service, instance, incident } = effect;
  const data = { correction: correction.name, ...input.answer };
  await ports.incidents.note({ key: `${actionId}/gate`, kind: `gate.${input.answer.kind}`, service, instance, incident, data });
  const begun = await ports.effects.begin(
    actionId,
    { fence: action.call.fence, why: input.permission },
    await roomOf(ports, effect, input),
  );
  switch (begun.kind) {
    case 'begun':
      return perform(action, correction);
    case 'elsewhere':
      return resume(action, correction);
    case 'noRoom':
      return { kind: 'noRoom', reason: begun.why };
  }
}

/** Between the policy's look and the action others may have begun. A wait takes up nothing. */
async function roomOf(ports: Needs, effect: Effect, { acting }: ApplyCorrection): Promise<Room> {
  const [fleet, service] = await Promise.all([fleetOf(ports, effect), serviceOf(ports, effect)]);
  if (correctionOf(service, effect.correction).action.kind === 'wait') return { budgets: [] };
  return {
    budgets: scopesOf(fleet.policy?.budgets ?? [], fleet, service, effect.correction),
    ...(acting === undefined ? {} : { actingMax: acting }),
  };
}

/** One call in the hands of its provider, with the memory of what becomes of it. */
interface Action {
  readonly kind: 'action';
  readonly provider: Provider;
  readonly call: Call;
  /** Asks the provider what became of the call, also of one that may still be under way. */
  findOut(): Promise<ReadBack>;
  /** Commits that this try is about to act again; false when another one has got there first. */
  beginAgain(): Promise<boolean>;
  /** Throws when a try with a larger fence has taken over: what became of the action is for that one to say. */
  settle(to: EffectState, more: { readonly after?: Image; readonly why?: string }): Promise<void>;
}

async function known(ports: Needs, actionId: string): Promise<Effect> {
  const effect = await ports.effects.get(actionId);
  if (effect === undefined) throw new Error(`no effect ${actionId} was prepared`);
  return effect;
}

async function takeAction(
  ports: Needs,
  effect: Effect,
  correction: Correction,
  abort: AbortSignal,
): Promise<Action | Extract<Applied, { kind: 'notApplied' | 'busy' }>> {
  const service = await serviceOf(ports, effect);
  const aimed = aim(ports, service, effect.instance, correction);
  if (aimed.kind === 'noAim') return { kind: 'notApplied', reason: aimed.reason };
  const { timeoutMs, settleMs, holdMs } = correction;
  const lease = await ports.leases.acquire(effect.resource, effect.cycle, timeoutMs + settleMs + holdMs + LEASE_MARGIN_MS);
  if (lease.kind === 'taken') {
    const reason = `${effect.resource} is being acted upon by cycle ${lease.by}`;
    if (effect.state === 'prepared') return { kind: 'busy', reason };
    throw new Error(`${reason}, while what became of ${effect.actionId} is still to be found out`);
  }
  const { actionId, before, goal } = effect;
  const { fence } = lease;
  const action: Action = {
    kind: 'action',
    provider: aimed.provider,
    call: {
      ...aimed.target,
      actionId,
      fence,
      before,
      ...(goal === undefined ? {} : { goal }),
      abort,
      permit: permitFor(ports, effect, fence, { timeoutMs, fencedBy: aimed.provider.fencedBy, purpose: 'correction' }),
    },
    findOut: async () => {
      const { sinceIntendedMs } = await known(ports, actionId);
      return unlessCalledOff(abort, () =>
        aimed.provider.readBack({ ...action.call, underWayUntil: underWayUntil(correction, sinceIntendedMs) }),
      );
    },
    beginAgain: () => ports.effects.move(actionId, ['intended'], 'intended', { fence }),
    settle: async (to, more) => {
      if (await ports.effects.move(actionId, ['intended'], to, { fence, ...more })) return;
      throw new Error(`${actionId} is in the hands of a later try than the one under fence ${fence}`);
    },
  };
  return action;
}

/** @param mayHaveActed an earlier try of this action may have: then a refusal of this one does not mean that nothing happened */
async function perform(action: Action, correction: Correction, mayHaveActed = false): Promise<Applied> {
  try {
    const after = await action.provider.apply(action.call);
    return await applied(action, after);
  } catch (error) {
    if (error instanceof NotPermitted && !mayHaveActed) return notPermitted(action, error.message);
    if (error instanceof TargetRefused && !mayHaveActed) return notApplied(action, error.message);
    // It came to its end in vain. Whether that helped or harmed is for the symptom to say, and the undo covers what it left.
    if (error instanceof ActionFailed) return applied(action, error.after);
    // The worker stops or the database is gone: whoever comes next reads back.
    if (action.call.abort.aborted) throw error;
    return afterUnclear(action, correction, String(error));
  }
}

/** An earlier try was cut off somewhere between `intended` and `applied`, and its call may still be under way. */
async function resume(action: Action, correction: Correction): Promise<Applied> {
  const found = await action.findOut();
  switch (found.kind) {
    case 'applied':
      return applied(action, found.after);
    case 'notApplied':
      return again(action, () => perform(action, correction));
    case 'partly':
      return again(action, () => perform(action, correction, true));
    case 'unknown':
      return correction.repeatable ? again(action, () => perform(action, correction, true)) : unknown(action, found.why);
  }
}

async function again(action: Action, act: () => Promise<Applied>): Promise<Applied> {
  if (await action.beginAgain()) return act();
  throw new Error(`${action.call.actionId} is in the hands of another try`);
}

/**
 * The call failed without saying whether it acted. What may be repeated is validated as if it had: the symptom decides,
 * and the undo covers what a half-done action left.
 */
async function afterUnclear(action: Action, correction: Correction, reason: string): Promise<Applied> {
  const found = await action.findOut();
  switch (found.kind) {
    case 'applied':
    case 'partly':
      return applied(action, found.after);
    case 'notApplied':
      return notApplied(action, reason);
    case 'unknown':
      if (correction.repeatable) return applied(action, await action.provider.image(action.call));
      return unknown(action, `${reason}; ${found.why}`);
  }
}

async function applied(action: Action, after: Image): Promise<Applied> {
  await action.settle('applied', { after });
  return { kind: 'applied', at: Date.now(), after: after.summary };
}

async function notPermitted(action: Action, reason: string): Promise<Applied> {
  await action.settle('notApplied', { why: reason });
  return { kind: 'notPermitted', reason };
}

async function notApplied(action: Action, reason: string): Promise<Applied> {
  await action.settle('notApplied', { why: reason });
  return { kind: 'notApplied', reason };
}

async function unknown(action: Action, reason: string): Promise<Applied> {
  await action.settle('unknown', { why: reason });
  return { kind: 'unknown', reason };
}
