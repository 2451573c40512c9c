import { createHash } from 'node:crypto';
import { text } from 'node:stream/consumers';
import type { GetEventsOptions } from 'dockerode';
import type { Provider, Target } from '../../activities/ports.js';
import type { CallName } from '../../adapters/docker/calls.js';
import { dockerProvider } from '../../adapters/docker/provider.js';
import type { Image } from '../../domain/effect.js';
import type { Action, DockerOperation } from '../../domain/service.js';
import { dockerProxy, type DockerProxy } from './docker-proxy.js';
import { images, type Dockerd } from './dockerd.js';

export type DockerAction = Extract<Action, { kind: 'docker' }>;

/** Ends at once when it is told to. */
export const idle = ['/bin/busybox', 'sh', '-c', 'trap "exit 0" TERM; while :; do sleep 600 & wait $!; done'];
/** Does not end before it is killed. */
export const stubborn = ['/bin/busybox', 'sh', '-c', 'trap "" TERM; while :; do sleep 600 & wait $!; done'];

/** A container that runs, and an action aimed at it through a proxy. */
export interface Aimed {
  readonly name: string;
  readonly proxy: DockerProxy;
  readonly provider: Provider<DockerAction>;
  readonly target: Target<DockerAction>;
}

let number = 0;

export async function aimed(
  docker: Dockerd,
  operation: DockerOperation,
  { config = {}, allowed, ...more }: Partial<DockerAction> & { config?: object; allowed?: readonly CallName[] } = {},
): Promise<Aimed> {
  number += 1;
  const name = `shop-${number}`;
  await run(docker, name, config);
  const proxy = await dockerProxy(docker.socket, allowed);
  const action: DockerAction = {
    kind: 'docker',
    operation,
    source: { name: 'dock', url: proxy.url },
    pick: { container: name },
    stopWithinMs: 1_000,
    ...more,
    ...(more.source && { source: { ...more.source, url: proxy.url } }),
  };
  return { name, proxy, provider: dockerProvider(), target: { service: 'shop', action, timeoutMs: 10_000 } };
}

export async function run({ client }: Dockerd, name: string, config: object = {}): Promise<void> {
  const container = await client.createContainer({ name, Image: images.v1, Cmd: idle, ...config });
  await container.start();
}

export async function replaceBySomebody(docker: Dockerd, name: string, config: object = {}): Promise<void> {
  await docker.client.getContainer(name).remove({ force: true });
  await run(docker, name, config);
}

export const goodConfig = {
  Env: ['PORT=18080', 'TOKEN=hush-5f0c1e'],
  Labels: { tier: 'web' },
  HostConfig: { Memory: 33_554_432, NetworkMode: 'none', RestartPolicy: { Name: 'unless-stopped' } },
};
const badConfig = { Image: images.v2, Env: ['PORT=1', 'TOKEN=hush-5f0c1e'], HostConfig: { RestartPolicy: { Name: 'always' } } };

/** It ran well; then somebody has put another one in its place, of another image and with another setting. */
export async function badlyReplaced(
  docker: Dockerd,
  { bad = {}, config = {}, keepsGood = true, ...more }: Parameters<typeof aimed>[2] & { bad?: object; keepsGood?: boolean } = {},
): Promise<Aimed & { readonly good: Image }> {
  const one = await aimed(docker, 'recreate', { config: { ...goodConfig, ...config }, ...more });
  const good = await one.provider.image(one.target);
  const old = docker.client.getContainer(one.name);
  if (keepsGood) {
    await old.rename({ name: `${one.name}-old` });
    await docker.client.getContainer(`${one.name}-old`).stop({ t: 1 });
  } else await old.remove({ force: true });
  await run(docker, one.name, { ...badConfig, ...bad });
  return { ...one, good };
}

/** Under which key a recreation names what it puts beside the container. */
export const keyOf = (actionId: string): string => createHash('sha256').update(actionId).digest('hex').slice(0, 8);

export async function stateOf({ client }: Dockerd, name: string): Promise<string> {
  const { Id, State, HostConfig } = await client.getContainer(name).inspect();
  const { Memory, NanoCpus, RestartPolicy } = HostConfig;
  return JSON.stringify({ Id, running: State.Running, Memory, NanoCpus, RestartPolicy });
}

/** The engine's own account of what was done to containers of this name, since a second of the epoch: docker's events. */
export async function countOf({ client }: Dockerd, name: string, event: string, since: number): Promise<number> {
  // The next millisecond: events are told to the nanosecond, and this one may be of the millisecond that is now.
  const until = ((Date.now() + 1) / 1000).toFixed(3);
  const ask = { since, until, filters: { container: [name], event: [event] } };
  const lines = (await text(await client.getEvents(ask as unknown as GetEventsOptions))).split('\n');
  return lines.filter((line) => line.trim() !== '').length;
}

export interface Ledger {
  readonly count: () => Promise<number>;
  /** What happens meanwhile is somebody else's. */
  readonly bySomebody: (work: () => Promise<unknown>) => Promise<void>;
}

/** Counts from now on. */
export async function ledgerOf(docker: Dockerd, name: string, event: string): Promise<Ledger> {
  const since = Math.floor(Date.now() / 1000);
  const count = (): Promise<number> => countOf(docker, name, event, since);
  let others = await count();
  const bySomebody = async (work: () => Promise<unknown>): Promise<void> => {
    const before = await count();
    await work();
    others += (await count()) - before;
  };
  return { count: async () => (await count()) - others, bySomebody };
}
