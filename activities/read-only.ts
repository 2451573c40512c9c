import { NotPermitted } from '../domain/failure.js';
import type { Ports, Provider, Providers } from './ports.js';

/**
 * The ports without any way to change something: the one place where the effects of a dry run are blocked. What writes
 * throws, so that an activity which is made over these can't act, whatever it is given or however it is wrong.
 */
export function readOnly(ports: Ports): Ports {
  return {
    ...ports,
    providers: readingProviders(ports.providers),
    incidents: without(ports.incidents, 'open', 'close', 'note'),
    effects: without(ports.effects, 'prepare', 'move', 'begin', 'judge'),
    leases: without(ports.leases, 'acquire', 'inherit', 'releaseAll'),
    controls: without(ports.controls, 'hold', 'releaseHold'),
    lessons: without(ports.lessons, 'record'),
    knownGood: without(ports.knownGood, 'record'),
    shards: without(ports.shards, 'claim', 'store'),
    cycles: without(ports.cycles, 'report'),
    storms: without(ports.storms, 'note'),
  };
}

const readingProviders = (providers: Providers): Providers => ({
  for(action) {
    const provider = providers.for(action);
    return provider && without<Provider>(provider, 'apply', 'undo');
  },
});

function without<T extends object>(port: T, ...writes: readonly (keyof T & string)[]): T {
  const refusals = writes.map((name) => [name, () => Promise.reject(new NotPermitted(`a dry run must not ${name}`))]);
  return { ...port, ...Object.fromEntries(refusals) } as T;
}
