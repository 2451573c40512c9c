/** Many services in trouble at once are one trouble: of what they share, not of each of them. Times in ms since the epoch. */
export interface StormPolicy {
  /** Share of all configured services. */
  readonly share: number;
  /** So close together their troubles must have begun. */
  readonly withinMs: number;
}

/** A storm in force: one incident in place of many. While it lasts only its source may be corrected. */
export interface Storm {
  readonly incident: string;
  readonly since: number;
  /** How many services are in trouble now, of how many. */
  readonly services: number;
  readonly of: number;
  /** The one configured service that all the others depend on, in trouble itself; absent where there is none. */
  readonly source?: string;
}

/** A service that is in trouble now. */
export interface Trouble {
  readonly service: string;
  readonly since: number;
}

/** What a storm is judged by: the troubles that stand, and the fleet they are part of. */
export interface StormFacts {
  readonly policy: StormPolicy;
  readonly services: readonly { readonly name: string; readonly dependsOn: readonly string[] }[];
  readonly troubles: readonly Trouble[];
  readonly lasts: boolean;
}

/** In a fleet of five, two services that share a database are an incident; below this number nothing is a storm. */
const SERVICES_MIN = 3;

/** A trouble that nobody has noted for so long has passed: also what `calm` means at the end of a storm. */
export const standsForMs = ({ withinMs }: StormPolicy): number => Math.max(withinMs, 60_000);

/** How many services at once are a storm. */
export const stormThreshold = ({ share }: StormPolicy, of: number): number => Math.max(SERVICES_MIN, Math.ceil(share * of - 1e-9));

export type StormTurn = 'calm' | 'opens' | 'lasts' | 'ends';

/**
 * It opens when enough troubles began within the policy's time of the newest one, however long each was in coming to be
 * known; it lasts while enough of them stand, also where they began one after the other.
 */
export function stormTurn({ policy, services, troubles, lasts }: StormFacts): StormTurn {
  const threshold = stormThreshold(policy, services.length);
  if (lasts) return troubles.length >= threshold ? 'lasts' : 'ends';
  const newest = Math.max(...troubles.map(({ since }) => since));
  return troubles.filter(({ since }) => newest - since <= policy.withinMs).length >= threshold ? 'opens' : 'calm';
}

/** The service in trouble on which all the others in trouble depend, directly or through others. */
export function stormSource({ services, troubles }: Pick<StormFacts, 'services' | 'troubles'>): string | undefined {
  const dependsOn = new Map(services.map((service) => [service.name, service.dependsOn]));
  const upstreams = troubles.map(({ service }) => [service, upstreamOf(service, dependsOn)] as const);
  return troubles.map(({ service }) => service).find((one) => upstreams.every(([other, upstream]) => other === one || upstream.has(one)));
}

/** Everything that a service depends on, directly or through others. */
export function upstreamOf(service: string, dependsOn: ReadonlyMap<string, readonly string[]>): Set<string> {
  const seen = new Set<string>();
  const next = [...(dependsOn.get(service) ?? [])];
  for (let name = next.pop(); name !== undefined; name = next.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    next.push(...(dependsOn.get(name) ?? []));
  }
  return seen;
}

/** "storm: 31 of 300 services are in trouble, and all of them depend on database" */
export const stormSentence = ({ services, of, source }: Pick<Storm, 'services' | 'of' | 'source'>): string =>
  `storm: ${services} of ${of} services are in trouble at once, ${source === undefined ? 'with no source that hale knows' : `and all of them depend on ${source}`}`;

/** Why a member of a storm is not corrected. */
export const stormRefusal = (storm: Storm): string => `${stormSentence(storm)}: it is one incident, ${storm.incident}, and a person's`;
