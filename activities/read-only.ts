import { NotPermitted } from '../domain/failure.js';
import type { Ports, Provider } from './ports.js';

/** What of each port only reads. What is not named here is refused: a method that somebody adds tomorrow too. */
const reading: { readonly [P in Exclude<keyof Ports, 'providers' | 'meters'>]: readonly (keyof Ports[P] & string)[] } = {
  configurations: ['current', 'byVersion'],
  members: ['of'],
  incidents: ['joinable', 'openOf', 'rejection'],
  effects: ['get', 'open', 'lastAppliedAt', 'attempts', 'ofCycle', 'used', 'acting', 'turns', 'took'],
  leases: ['holds', 'heldByOther'],
  controls: ['stopped', 'paused', 'held', 'atWork'],
  signatures: [],
  lessons: ['about'],
  knownGood: ['latest'],
  samples: ['since', 'ofServices', 'tally'],
  shards: [],
  cycles: ['last'],
  // Ends a storm that is over, which whoever looks does.
  storms: ['current'],
  changes: ['recent', 'inProgress'],
  silences: ['about'],
  ground: ['ownOf'],
};

const readingOfProviders: readonly (keyof Provider)[] = ['kind', 'readBackBy', 'fencedBy', 'resourceOf', 'image', 'examine'];

/**
 * The ports without any way to change something: the one place where the effects of a dry run are blocked. What writes
 * throws, so that an activity which is made over these can't act, whatever it is given or however it is wrong.
 */
export function readOnly(ports: Ports): Ports {
  const restricted = Object.entries(reading).map(([name, allowed]) => [name, only(ports[name as keyof typeof reading], allowed)]);
  return {
    ...(Object.fromEntries(restricted) as Omit<Ports, 'providers' | 'meters'>),
    meters: ports.meters,
    providers: {
      for(action) {
        const provider = ports.providers.for(action);
        return provider && lookingOnly(provider, 'a dry run');
      },
    },
  };
}

/** A provider that tells how its target is, and can't change it, for whoever must not. */
export const lookingOnly = (provider: Provider, who: string): Provider => only(provider, readingOfProviders, who);

function only<T extends object>(port: T, allowed: readonly string[], who = 'a dry run'): T {
  const kept = Object.entries(port).map(([name, member]) => [name, allowed.includes(name) ? member : refusing(name, who)]);
  return Object.fromEntries(kept) as T;
}

const refusing = (name: string, who: string) => (): Promise<never> => Promise.reject(new NotPermitted(`${who} must not ${name}`));
