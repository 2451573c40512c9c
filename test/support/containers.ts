import { createHash } from 'node:crypto';
import type { Provider, Target } from '../../activities/ports.js';
import type { CallName } from '../../adapters/docker/calls.js';
import { dockerProvider } from '../../adapters/docker/provider.js';
import type { Image } from '../../domain/effect.js';
import type { Action, DockerOperation } from '../../domain/service.js';
import { run } from './container-ledger.js';
import { dockerProxy, type DockerProxy } from './docker-proxy.js';
import { images, type Dockerd } from './dockerd.js';

export { countOf, idle, ledgerOf, replaceBySomebody, run, stateOf } from './container-ledger.js';

export type DockerAction = Extract<Action, { kind: 'docker' }>;

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
