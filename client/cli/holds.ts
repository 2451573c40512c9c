import type { EffectRecord, HoldRecord, IncidentRecord, Records } from '../../adapters/postgres/read.js';
import type { HeldIncident, StrandedEffect } from '../../contracts/cli.js';
import { holdsService } from '../../domain/outcome.js';
import type { Fleet } from '../../domain/service.js';
import { resumeCommand } from './way-out.js';

/** What stands behind the holds that stand: a hold is let go of by a person who has seen these. */
export interface Held {
  readonly incidents: readonly HeldIncident[];
  readonly stranded: readonly EffectRecord[];
}

export async function heldBy(records: Records, holds: readonly HoldRecord[], fleet: Fleet | undefined): Promise<Held> {
  const [stranded, causes] = await Promise.all([
    holds.length === 0 ? [] : records.effectsIn(['stranded']),
    Promise.all(holds.map(async (hold) => ({ hold, incidents: await causesOf(records, hold) }))),
  ]);
  const ids = new Set(causes.flatMap(({ incidents }) => incidents.map(({ id }) => id)));
  return {
    incidents: causes.flatMap(({ hold, incidents }) => incidents.flatMap((incident) => heldIncident(hold, incident, fleet))),
    stranded: stranded.filter(({ incident }) => ids.has(incident)),
  };
}

/** A hold names the incident that set it last; those that ended under it before are a person's to look at as well. */
async function causesOf(records: Records, { service, instance, since, incident }: HoldRecord): Promise<IncidentRecord[]> {
  const [last, under] = await Promise.all([
    records.incidents({ id: incident, limit: 1 }),
    records.incidents({ service, since, limit: 1000 }),
  ]);
  return [...last, ...under.filter((one) => one.id !== incident && one.instance === instance)];
}

/** One that is open again is in the list of those that are open. */
function heldIncident(hold: HoldRecord, { id, service, instance, outcome, sentence, endedAt }: IncidentRecord, fleet: Fleet | undefined) {
  if (endedAt === undefined || outcome === undefined || !holdsService(outcome)) return [];
  const next = `${outcome === 'stranded' ? 'look at the target' : 'look at it'}, repair what is broken, then: ${resumeCommand(fleet, hold)}`;
  const held: HeldIncident = {
    id,
    service,
    instance: instance ?? null,
    outcome,
    since: hold.since.toISOString(),
    sentence: sentence ?? null,
    next,
  };
  return [held];
}

export function strandedEffect(effect: EffectRecord, fleet: Fleet | undefined): StrandedEffect {
  const { actionId, incident, service, instance, correction, resource, why } = effect;
  const next = `look at ${resource}, then: ${resumeCommand(fleet, effect)}`;
  return { actionId, incident, service, instance: instance ?? null, correction, resource, why: why ?? null, next };
}
