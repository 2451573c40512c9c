import type { Leftovers, SettleEffects, Settled } from '../contracts/activities.js';
import type { Effect } from '../domain/effect.js';
import { privilegeOf, type Privilege } from '../domain/privilege.js';
import type { Service } from '../domain/service.js';
import { beating } from './beat.js';
import { aim, correctionOf, serviceOf, underWayUntil, unlessCalledOff } from './case.js';
import { isMet, judgeNow, recentLook } from './observe-service.js';
import type { Call, Ports } from './ports.js';
import { strand, undoEffect, type UndoNeeds } from './undo-correction.js';

type Needs = UndoNeeds & Pick<Ports, 'meters' | 'samples'>;

/**
 * What an earlier, ended cycle left half done is settled before anything is measured: read back, then adopted when the
 * service is well with it, else undone. What nobody can tell, or take back, is for a person.
 */
export const settleEffects =
  (ports: Needs) =>
  ({ cycle, privilege, ...place }: SettleEffects): Promise<Settled> =>
    beating(async (abort) => {
      const service = await serviceOf(ports, place);
      const open = await ports.effects.open(service.name, place.instance, cycle);
      const settled: { sentences: string[]; stranded: string[] } = { sentences: [], stranded: [] };
      for (const effect of open) {
        if ((await privilegeFor(ports, effect)) !== privilege) continue;
        const found = await readBack(ports, effect, abort);
        const sentence = `${effect.correction} (${effect.actionId}): ${await settle(ports, service, found, cycle, abort)}`;
        const now = await ports.effects.get(effect.actionId);
        settled[now?.state === 'stranded' ? 'stranded' : 'sentences'].push(sentence);
      }
      return settled;
    });

/** How many effects each privilege has to settle. */
export async function leftoversOf(ports: Pick<Ports, 'configurations'>, open: readonly Effect[]): Promise<Leftovers[]> {
  const needed = await Promise.all(open.map((effect) => privilegeFor(ports, effect)));
  return [...new Set(needed)].map((privilege) => ({
    ...(privilege === undefined ? {} : { privilege }),
    count: needed.filter((one) => one === privilege).length,
  }));
}

/** By the configuration under which it was made. */
async function privilegeFor(ports: Pick<Ports, 'configurations'>, effect: Effect): Promise<Privilege | undefined> {
  return privilegeOf(correctionOf(await serviceOf(ports, effect), effect.correction).action.kind);
}

/** The effect as it is in the world, not as the dead cycle last wrote it. */
async function readBack(ports: Needs, effect: Effect, abort: AbortSignal): Promise<Effect> {
  if (effect.state === 'applied' || effect.state === 'undoing') return effect;
  const service = await serviceOf(ports, effect);
  const correction = correctionOf(service, effect.correction);
  const aimed = aim(ports, service, effect.instance, correction);
  if (aimed.kind === 'noAim') return { ...effect, state: 'unknown' };
  const { actionId, fence, before, goal, sinceIntendedMs } = effect;
  const call: Call = {
    ...aimed.target,
    actionId,
    fence,
    before,
    ...(goal === undefined ? {} : { goal }),
    underWayUntil: underWayUntil(correction, sinceIntendedMs),
    abort,
    permit: async () => undefined,
  };
  const found = await unlessCalledOff(abort, () => aimed.provider.readBack(call));
  switch (found.kind) {
    case 'applied':
    case 'partly':
      await ports.effects.move(actionId, ['intended', 'unknown'], 'applied', { after: found.after });
      return { ...effect, state: 'applied', after: found.after };
    case 'notApplied':
      await ports.effects.move(actionId, ['intended', 'unknown'], 'notApplied', { why: 'read back: it never happened' });
      return { ...effect, state: 'notApplied' };
    case 'unknown':
      return { ...effect, state: 'unknown' };
  }
}

async function settle(ports: Needs, service: Service, effect: Effect, cycle: string, abort: AbortSignal): Promise<string> {
  if (effect.state === 'notApplied') return 'it never happened';
  // The service may be well because of the undo: it is brought to its end.
  if (effect.state === 'undoing') return takenBack(ports, effect, cycle, abort);
  const correction = correctionOf(await serviceOf(ports, effect), effect.correction);
  const judged = await judgeNow(ports, await recentLook(ports, service, effect.instance), abort);
  const well = judged.length > 0 && judged.every(isMet);
  if (well) return kept(ports, effect, 'kept: the service is well with it');
  // The next correction would act upon what nobody knows.
  if (effect.state === 'unknown' && !correction.repeatable) return stranded(ports, effect, 'nobody can tell whether it happened');
  if (correction.undo !== 'restores') return kept(ports, effect, 'kept: there is nothing to bring back');
  return takenBack(ports, effect, cycle, abort);
}

async function kept(ports: Needs, effect: Effect, why: string): Promise<string> {
  await ports.effects.move(effect.actionId, ['intended', 'applied', 'unknown'], 'adopted', { why });
  return why;
}

async function stranded(ports: Needs, effect: Effect, why: string): Promise<string> {
  await strand(ports, effect, why);
  return `stranded: ${why}`;
}

async function takenBack(ports: Needs, effect: Effect, holder: string, abort: AbortSignal): Promise<string> {
  const undo = await undoEffect(ports, effect, { holder, why: 'left behind by a cycle that was ended', abort });
  return undo.kind === 'undone' ? 'undone' : `stranded: ${undo.reason}`;
}
