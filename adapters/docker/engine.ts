import { Agent as PlainAgent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { inspect } from 'node:util';
import type Docker from 'dockerode';
import type { DockerSource } from '../../domain/service.js';
import { DockerFailed, failureOf, socketOf } from './failure.js';

export interface Limits {
  readonly timeoutMs: number;
  readonly abort?: AbortSignal;
}

/** One request to docker, ended by the signal that it is handed. */
export type Request<T> = (docker: Docker, abortSignal: AbortSignal) => Promise<T>;

/** A conversation with one engine, within one time limit. */
export interface Engine {
  /** Throws nothing but `DockerFailed`. */
  ask<T>(request: Request<T>): Promise<T>;
}

/** Versions of the API that hale can speak; of these the newest that the engine speaks too. */
const oldest = [1, 40] as const;
const newest = [1, 51] as const;

/** Agrees on the version of the API first, and on nothing else. Throws `DockerFailed` where the two have none in common. */
export async function openEngine(source: DockerSource, { timeoutMs, abort }: Limits): Promise<Engine> {
  const time = AbortSignal.timeout(timeoutMs);
  const over = opaque(abort === undefined ? AbortSignal.any([time]) : AbortSignal.any([time, abort]));
  const why = () => (time.aborted ? `docker did not answer within ${timeoutMs} ms` : 'the call to docker was called off');
  // The library is large: only who has a docker loads it.
  const { default: Client } = await import('dockerode');
  const talk =
    (version?: string): Engine['ask'] =>
    async (request) => {
      try {
        return await within(over, request(new Client(clientOptions(source, version)), over));
      } catch (error) {
        throw over.aborted ? new DockerFailed('unclear', why()) : failureOf(error, source);
      }
    };
  const spoken = await talk()((docker, abortSignal) => docker.version({ abortSignal } as never) as unknown as Promise<Spoken>);
  return { ask: talk(agreed(spoken)) };
}

/** The library never answers for a response that was cut off in its middle. */
const within = <T>(over: AbortSignal, work: Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    const giveUp = (): void => reject(over.reason as Error);
    over.addEventListener('abort', giveUp, { once: true });
    if (over.aborted) giveUp();
    void work.then(resolve, reject).finally(() => over.removeEventListener('abort', giveUp));
  });

interface Spoken {
  readonly ApiVersion: string;
  readonly MinAPIVersion?: string;
}

function agreed({ ApiVersion, MinAPIVersion = '0.0' }: Spoken): string {
  const [theirs, theirOldest] = [numbersOf(ApiVersion), numbersOf(MinAPIVersion)];
  const best = isBefore(theirs, newest) ? theirs : newest;
  if (isBefore(best, oldest) || isBefore(newest, theirOldest)) {
    const spoken = `it speaks ${MinAPIVersion} to ${ApiVersion}, hale ${oldest.join('.')} to ${newest.join('.')}`;
    throw new DockerFailed('refused', `the API of this docker is too ${isBefore(best, oldest) ? 'old' : 'new'}: ${spoken}`);
  }
  return `v${best.join('.')}`;
}

type Version = readonly [number, number];

const isBefore = (one: Version, other: Version): boolean => one[0] < other[0] || (one[0] === other[0] && one[1] < other[1]);

function numbersOf(version: string): Version {
  const [, major, minor] = /^(\d+)\.(\d+)$/.exec(version) ?? [];
  if (major === undefined || minor === undefined)
    throw new DockerFailed('refused', `what answers here is no docker: its API version is ${JSON.stringify(version)}`);
  return [Number(major), Number(minor)];
}

/**
 * The library writes all that hangs on a request into a text for its debug log, also where nobody reads one. In a worker that
 * is so much that it stands still for seconds and is ended; test/acceptance/providers shows it, a small process does not.
 */
function opaque<T extends object>(thing: T): T {
  return Object.defineProperty(thing, inspect.custom, { value: () => thing.constructor.name });
}

/**
 * Says everything itself: the library would fill in from DOCKER_HOST and the like. Each request has a connection of its
 * own, so that none is lost on one that docker has just closed.
 */
function clientOptions({ url }: DockerSource, version: string | undefined): Docker.DockerOptions {
  const { protocol, hostname, port } = new URL(url);
  const nothing = { host: undefined, port: undefined, socketPath: undefined, pathPrefix: '/', timeout: undefined };
  const keys = { key: undefined, cert: undefined, ca: undefined, username: undefined, password: undefined };
  const where =
    protocol === 'unix:'
      ? { socketPath: socketOf(url), protocol: 'http', agent: opaque(new PlainAgent()) }
      : protocol === 'https:'
        ? { protocol: 'https', host: hostname, port: port || '443', agent: opaque(new TlsAgent()) }
        : { protocol: 'http', host: hostname, port: port || '80', agent: opaque(new PlainAgent()) };
  return { ...nothing, ...keys, ...where, version } as Docker.DockerOptions;
}
