import { fillSlots } from '../../../domain/detection/slots.js';
import type { Action, Correction, Instances, Service } from '../../../domain/service.js';
import type { MachineAction } from '../../../domain/machine.js';
import { needsOf, type Need } from './needs.js';

/** One right, and the corrections that need it. */
export interface Right {
  readonly where: string;
  readonly kind: Need['kind'];
  readonly line: string;
  readonly for: readonly string[];
}

/** An action that may be taken, and the correction that it is of. */
export interface Act {
  /** `service/correction`. */
  readonly correction: string;
  readonly action: Action;
  /** Where it is done is known only when a source has found the instances: INSTANCE stands in their place. */
  readonly isOpen: boolean;
}

/** A correction that only observes is never done, and needs nothing but to look. */
export const mayAct = ({ overrides = [] }: Service, { mode }: Correction): boolean =>
  mode !== 'observe' || overrides.some((one) => one.mode !== 'observe');

/** What is needed for these actions, each line once for a place. */
export function rightsOf(acts: readonly Act[]): Right[] {
  const rights = new Map<string, Right>();
  for (const { correction, action } of acts)
    for (const { where, kind, lines } of needsOf(action))
      for (const line of lines) {
        const key = JSON.stringify([where, kind, line]);
        const known = rights.get(key)?.for ?? [];
        rights.set(key, { where, kind, line, for: [...new Set([...known, correction])] });
      }
  return [...rights.values()].toSorted((one, other) => one.where.localeCompare(other.where));
}

/**
 * Every action of a service, for each of its instances.
 * @param found those that a source has found; without them INSTANCE stands in their place
 */
export function actsOf(service: Service, found: readonly string[] = []): Act[] {
  const acting = service.corrections.filter((correction) => mayAct(service, correction));
  return acting.flatMap(({ name, action }) =>
    instancesOf(service.instances, found).flatMap((instance): Act[] => {
      const filled = fillSlots(action, { service: service.name, ...(instance === undefined ? {} : { instance }) });
      const isOpen = instance === UNKNOWN && service.instances?.kind === 'discovered' && isPerInstance(action);
      return filled.kind === 'filled' ? [{ correction: `${service.name}/${name}`, action: filled.value, isOpen }] : [];
    }),
  );
}

const UNKNOWN = 'INSTANCE';

function instancesOf(instances: Instances | undefined, found: readonly string[]): readonly (string | undefined)[] {
  if (instances === undefined) return [undefined];
  if (instances.kind === 'listed') return instances.names;
  return found.length === 0 ? [UNKNOWN] : found;
}

/** What is done on one machine, also where a source has yet to find which machines there are. */
export const actionsOn = (host: string, actions: readonly MachineAction[]): MachineAction[] =>
  actions.filter(({ machine }) => machine?.host === host || machine?.host === UNKNOWN);

/** Which pod it is makes no difference to what is needed in its namespace. */
function isPerInstance(action: Action): boolean {
  const place = action.kind === 'kubernetes' ? { ...action, instance: '' } : action;
  return fillSlots(place, { service: 'any' }).kind === 'refused';
}
