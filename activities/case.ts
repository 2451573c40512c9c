import { ApplicationFailure } from '@temporalio/common';
import type { Place } from '../contracts/activities.js';
import { fillSlots } from '../domain/detection/slots.js';
import type { Correction, Fleet, Service } from '../domain/service.js';
import type { Ports, Provider, ReadBack, Target } from './ports.js';

/** The configuration as the cycle has it. A version that is gone can't come back: no retry. */
export async function fleetOf(ports: Pick<Ports, 'configurations'>, { configVersion }: Pick<Place, 'configVersion'>): Promise<Fleet> {
  const fleet = await ports.configurations.byVersion(configVersion);
  if (fleet !== undefined) return fleet;
  throw ApplicationFailure.nonRetryable(`there is no configuration ${configVersion}`, 'ConfigurationGone');
}

export async function serviceOf(ports: Pick<Ports, 'configurations'>, place: Place): Promise<Service> {
  const fleet = await fleetOf(ports, place);
  const service = fleet.services.find((one) => one.name === place.service);
  if (service !== undefined) return service;
  throw ApplicationFailure.nonRetryable(`service ${place.service} is not in configuration ${place.configVersion}`, 'ConfigurationGone');
}

export function correctionOf(service: Service, name: string): Correction {
  const correction = service.corrections.find((one) => one.name === name);
  if (correction !== undefined) return correction;
  throw ApplicationFailure.nonRetryable(`service ${service.name} has no correction ${name}`, 'ConfigurationGone');
}

export type Aimed =
  | { readonly kind: 'aimed'; readonly provider: Provider; readonly target: Target }
  | { readonly kind: 'noAim'; readonly reason: string };

/** A correction aimed at its target: slots filled in, provider found. */
export function aim(ports: Pick<Ports, 'providers'>, service: Service, instance: string | undefined, correction: Correction): Aimed {
  const provider = ports.providers.for(correction.action);
  if (provider === undefined) return { kind: 'noAim', reason: `no provider for ${correction.action.kind} in this version` };
  const slots = { service: service.name, ...(instance === undefined ? {} : { instance }) };
  // Providers tell their targets both names, also where the action has no slot for them.
  const told = instance === undefined ? ['$service'] : ['$service', '$instance'];
  const filled = fillSlots({ action: correction.action, told }, slots);
  if (filled.kind === 'refused') return { kind: 'noAim', reason: filled.why };
  return { kind: 'aimed', provider, target: { ...slots, action: filled.value.action, timeoutMs: correction.timeoutMs } };
}

/** For what comes between `intended` and the call itself: the last look at stop flag and lease. */
const CALL_MARGIN_MS = 1_000;

/** Until when a try that began this long ago may still be acting at its target, ms since the epoch. */
export const underWayUntil = ({ timeoutMs }: Correction, sinceIntendedMs = 0): number =>
  Date.now() + timeoutMs + CALL_MARGIN_MS - sinceIntendedMs;

/** What nobody can tell because this worker ends, or a person ended the cycle, the next one asks: it is no finding. */
export async function unlessCalledOff(abort: AbortSignal, ask: () => Promise<ReadBack>): Promise<ReadBack> {
  const found = await ask();
  if (found.kind === 'unknown') abort.throwIfAborted();
  return found;
}
