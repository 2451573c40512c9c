import type { InForce } from '../../adapters/postgres/read.js';
import type { EffectsInForce } from '../../contracts/cli.js';
import type { Fleet } from '../../domain/service.js';
import { Failure } from './exit-codes.js';
import { withHale } from './hale.js';
import { knownService } from './lookup.js';
import { orderOf, type Spoken } from './person.js';
import type { Report } from './report.js';
import { age, plain, table } from './text.js';
import { placeName, resumeCommand, settleCommand } from './way-out.js';
import type { Where } from './whereabouts.js';

export interface EffectsOptions extends Where {
  readonly service?: string;
}

/** effects --in-force: every change that was not undone and of which nobody has said that it stays. */
export const effectsInForce = ({ service, ...where }: EffectsOptions): Promise<Report> =>
  withHale(where, async (hale) => {
    if (service !== undefined) await knownService(hale, service);
    const records = await hale.records();
    const [fleet, open, all, { now }] = await Promise.all([
      records.fleet(),
      records.incidents({ open: true, limit: 1000 }),
      records.inForce(),
      records.vitals(),
    ]);
    const running = new Set(open.map(({ id }) => id));
    const data: EffectsInForce = all
      .filter((effect) => service === undefined || effect.service === service)
      .map((effect) => shown(effect, running.has(effect.incident), fleet));
    return { data, text: textOf(data, now.getTime()) };
  });

function shown(effect: InForce, runs: boolean, fleet: Fleet | undefined): EffectsInForce[number] {
  const { actionId, incident, service, instance, correction, resource, state, undo, before, after, why, since } = effect;
  return {
    actionId,
    incident,
    service,
    instance: instance ?? null,
    owner: fleet?.services.find(({ name }) => name === service)?.team ?? null,
    correction,
    resource,
    state,
    undo: undo ?? null,
    before,
    after: after ?? null,
    why: why ?? null,
    since: since.toISOString(),
    next: runs ? `its cycle runs: hale abort ${incident} undoes it, hale takeover ${incident} keeps it` : nextOf(effect, fleet),
  };
}

/** What is left of a cycle that has ended. */
function nextOf(effect: InForce, fleet: Fleet | undefined): string {
  const { actionId, resource, state } = effect;
  if (state === 'adopted') return `it held: make it last at its source, then: hale keep ${actionId}`;
  if (state === 'stranded') return `look at ${resource}, then: hale keep ${actionId} && ${resumeCommand(fleet, effect)}`;
  return `the next cycle settles it: ${settleCommand(fleet, effect)}; or it stays: hale keep ${actionId}`;
}

function textOf(effects: EffectsInForce, now: number): string {
  if (effects.length === 0) return 'nothing is in force: everything that hale changed was undone, or somebody said that it stays';
  const rows = effects.map((one) => [
    placeName(one),
    one.correction,
    one.state,
    age(now - Date.parse(one.since)),
    one.owner ?? 'nobody',
    one.before,
    one.after ?? 'nobody knows',
    one.next,
  ]);
  return table(['SERVICE', 'CORRECTION', 'STATE', 'AGE', 'OWNER', 'BEFORE', 'NOW', 'NEXT'], rows);
}

/** keep: somebody has looked, and the change stays. */
export const keep = (actionId: string, options: Spoken): Promise<Report> =>
  withHale(options, async (hale) => {
    const order = orderOf(options);
    const kept = await (await hale.switches()).keep(actionId, order);
    if (kept !== undefined) {
      const sentence = `${kept.correction} on ${kept.service} stays, says ${order.by}`;
      return { data: { said: [sentence] }, text: plain(sentence) };
    }
    const hint = 'ids: hale effects --in-force; what a running cycle made is kept by hale takeover INCIDENT';
    throw new Failure('notFound', `action ${JSON.stringify(actionId)} is not in force, or its cycle still runs`, hint);
  });
