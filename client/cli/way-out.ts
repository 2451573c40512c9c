import type { Fleet } from '../../domain/service.js';

export interface Place {
  readonly service: string;
  readonly instance?: string | null | undefined;
}

/** A service, or one instance of it, as commands and tables name it: "shop", "shop/a". */
export const placeName = ({ service, instance }: Place): string => (instance ? `${service}/${instance}` : service);

/** The command that settles what an ended cycle left behind, after `first`. Only what is configured can be healed. */
export function settleCommand(fleet: Fleet | undefined, place: Place, first = ''): string {
  const { service, instance } = place;
  return reachable(fleet, place, `${first}hale heal ${service}${instance ? ` --instance ${instance}` : ''}`);
}

/** The command that lets hale act again after a person has looked. */
export const resumeCommand = (fleet: Fleet | undefined, { service }: Place): string =>
  reachable(fleet, { service }, `hale resume ${service}`);

function reachable(fleet: Fleet | undefined, place: Place, command: string): string {
  return isConfigured(fleet, place) ? command : `put ${placeName(place)} back into the configuration, then: ${command}`;
}

function isConfigured(fleet: Fleet | undefined, { service, instance }: Place): boolean {
  const known = fleet?.services.find(({ name }) => name === service);
  if (known === undefined || !instance) return known !== undefined;
  return known.instances?.kind === 'listed' ? known.instances.names.includes(instance) : known.instances !== undefined;
}
