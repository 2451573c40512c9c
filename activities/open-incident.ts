import type { Opened, OpenIncident } from '../contracts/activities.js';
import type { Fleet, Service } from '../domain/service.js';
import { beating } from './beat.js';
import { modeNow } from '../contracts/configuration/mode.js';
import { briefOf } from './case.js';
import type { Ports } from './ports.js';
import { settleEffects, type SettleNeeds } from './settle-effects.js';

type Needs = SettleNeeds & Pick<Ports, 'incidents'>;

/** A symptom that comes back this soon belongs to the incident before it. */
const RELAPSE_WITHIN_MS = 10 * 60_000;

/** Pins the configuration, opens or joins the incident, and settles what an earlier cycle left half done. */
export const openIncident =
  (ports: Needs) =>
  ({ cycle, workflowId, round, order }: OpenIncident): Promise<Opened> =>
    beating(async (abort) => {
      const fleet = await ports.configurations.current();
      const service = fleet?.services.find((one) => one.name === order.service);
      if (fleet === undefined || service === undefined) return { kind: 'unknownService', known: namesOf(fleet) };
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
      const settled = round === 0 ? await settleEffects(ports, service, order.instance, cycle, abort) : [];
      return { ...pinned(fleet, service, order.instance), kind: 'open', incident, onset, settled };
    });

/** An override that ends while the cycle runs keeps its word until the cycle ends. */
const pinned = (fleet: Fleet, service: Service, instance: string | undefined) => ({
  configVersion: fleet.version,
  corrections: service.corrections.map((correction) => ({
    ...briefOf(correction),
    mode: modeNow(service, correction, instance, Date.now()),
  })),
  order: service.order,
  limits: service.limits,
});

const namesOf = (fleet: Fleet | undefined): string[] => (fleet?.services ?? []).map((service) => service.name).slice(0, 20);
