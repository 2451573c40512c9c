import type { Opened, OpenIncident } from '../contracts/activities.js';
import { briefOf, type Fleet, type Service } from '../domain/service.js';
import { beating } from './beat.js';
import { modeNow } from '../contracts/configuration/mode.js';
import { healWorkflowId } from '../contracts/names.js';
import type { Ports } from './ports.js';
import { leftoversOf } from './settle-effects.js';

type Needs = Pick<Ports, 'configurations' | 'incidents' | 'leases' | 'effects'>;

/** A symptom that comes back this soon belongs to the incident before it. */
export const RELAPSE_WITHIN_MS = 10 * 60_000;

/** Pins the configuration, opens or joins the incident, and takes over what an earlier cycle still held. */
export const openIncident =
  (ports: Needs) =>
  ({ cycle, workflowId, round, order }: OpenIncident): Promise<Opened> =>
    beating(async () => {
      const fleet = await ports.configurations.current();
      const service = fleet?.services.find((one) => one.name === order.service);
      if (fleet === undefined || service === undefined) return unknownService(fleet, order.service);
      const refused = secondCycle(workflowId, order) ?? unknownPlace(fleet, order);
      if (refused !== undefined) return refused;
      const onset = order.finding?.onset ?? Date.now();
      const { incident } = await ports.incidents.open({
        ...order,
        key: `${cycle}/opened/${round}`,
        cycle,
        workflowId,
        onset,
        configVersion: fleet.version,
        relapseWithinMs: RELAPSE_WITHIN_MS,
      });
      await ports.leases.inherit(service.name, order.instance, cycle);
      const leftovers = await leftoversOf(ports, await ports.effects.open(service.name, order.instance, cycle));
      return { ...pinned(fleet, service, order.instance), kind: 'open', incident, onset, leftovers };
    });

type Refused = Extract<Opened, { kind: 'refused' }>;

/** Two cycles of one service would take each other's effects for leftovers: the workflow id is the mutex. */
function secondCycle(workflowId: string, { service, instance }: OpenIncident['order']): Refused | undefined {
  const only = healWorkflowId(service, instance);
  if (workflowId === only) return undefined;
  return { kind: 'refused', sentence: `workflow id: got ${workflowId}, allowed: ${only}, since one cycle at a time may act on a service` };
}

/** Why there is no such service or instance; undefined where there is. */
export function unknownPlace(
  fleet: Fleet | undefined,
  { service: name, instance }: { service: string; instance?: string | undefined },
): Refused | undefined {
  const service = fleet?.services.find((one) => one.name === name);
  return service === undefined ? unknownService(fleet, name) : strangerTo(service, instance);
}

const unknownService = (fleet: Fleet | undefined, name: string): Refused => notConfigured('service', name, namesOf(fleet));

/** Instances that a source finds come and go: of those, measuring says whether one is there. */
function strangerTo({ instances }: Service, instance: string | undefined): Refused | undefined {
  if (instance === undefined || instances?.kind === 'discovered' || instances?.names.includes(instance)) return undefined;
  return notConfigured('instance', instance, instances?.names ?? []);
}

const notConfigured = (field: string, got: string, known: readonly string[]): Refused => ({
  kind: 'refused',
  sentence: `${field}: ${got} is not configured, allowed: ${known.slice(0, 20).join(', ') || 'none'}`,
});

/** An override that ends while the cycle runs keeps its word until the cycle ends. */
export const pinned = (fleet: Fleet, service: Service, instance: string | undefined) => ({
  configVersion: fleet.version,
  corrections: service.corrections.map((correction) => ({
    ...briefOf(correction),
    mode: modeNow(service, correction, instance, Date.now()),
  })),
  order: service.order,
  limits: service.limits,
});

const namesOf = (fleet: Fleet | undefined): string[] => (fleet?.services ?? []).map((service) => service.name);
