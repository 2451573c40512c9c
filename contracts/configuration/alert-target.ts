import type { About, Labels, Whom } from '../../domain/alert.js';
import type { Fleet, Service } from '../../domain/service.js';
import { fits } from './mode.js';

const INSTANCE = /^[a-zA-Z0-9][a-zA-Z0-9._:-]{0,62}$/;
/** How hale's own metrics and rules name it. */
const SELF = 'hale';

/** Whom an alert is about, by its labels. */
export function whomOf(fleet: Fleet, labels: Labels): Whom {
  const services = fleet.services.filter((service) => isAbout(service, labels));
  if (services.length === 0 && (labels.service === SELF || labels.job === SELF)) return { kind: 'self' };
  if (services.length === 0) return { kind: 'unmatched', why: 'no service has matchers that fit its labels' };
  const found = services.flatMap((service) => memberOf(service, labels) ?? []);
  if (found.length > 0) return { kind: 'services', about: found };
  return { kind: 'unmatched', why: `its label instance names none of ${services.map(({ name }) => name).join(', ')}` };
}

function isAbout(service: Service, labels: Labels): boolean {
  const matchers = service.alerts ?? [{ label: 'service', operator: '=' as const, value: service.name }];
  return matchers.every((matcher) => fits(matcher, labels[matcher.label] ?? ''));
}

/** The instance where it is one that is measured by itself; undefined where only instances are measured and it names none. */
function memberOf(service: Service, labels: Labels): About | undefined {
  const perInstance = service.objectives.map(({ signal }) => service.signals.some(({ name, perInstance: per }) => name === signal && per));
  const instance = instanceOf(service, labels.instance);
  if (instance !== undefined && perInstance.includes(true)) return { service: service.name, instance };
  const onlyInstances = perInstance.length > 0 && !perInstance.includes(false);
  return onlyInstances ? undefined : { service: service.name };
}

function instanceOf({ instances }: Service, label: string | undefined): string | undefined {
  if (label === undefined || instances === undefined) return undefined;
  const isOne = instances.kind === 'listed' ? instances.names.includes(label) : INSTANCE.test(label);
  return isOne ? label : undefined;
}
