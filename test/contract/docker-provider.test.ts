import { createHash } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GetEventsOptions } from 'dockerode';
import { dockerProvider } from '../../adapters/docker/provider.js';
import type { Target } from '../../activities/ports.js';
import type { Action, DockerOperation } from '../../domain/service.js';
import { dockerProxy, type DockerProxy } from '../support/docker-proxy.js';
import { images, startDockerd, type Dockerd } from '../support/dockerd.js';
import { callOn, holdsProviderContract, type Bench } from './provider.contract.js';

type DockerAction = Extract<Action, { kind: 'docker' }>;

let docker: Dockerd;
beforeAll(async () => void (docker = await startDockerd()));
afterAll(() => docker.stop());

/** Ends at once when it is told to. */
const idle = ['/bin/busybox', 'sh', '-c', 'trap "exit 0" TERM; while :; do sleep 600 & wait $!; done'];

let number = 0;

interface Made {
  readonly name: string;
  readonly proxy: DockerProxy;
  readonly target: Target<DockerAction>;
}

/** Runs a container under a name of its own, and aims at it through a proxy. */
async function made(operation: DockerOperation, more: Partial<DockerAction> = {}, config: object = {}): Promise<Made> {
  number += 1;
  const name = `shop-${number}`;
  await run(name, config);
  const proxy = await dockerProxy(docker.socket);
  const source = { name: 'dock', url: proxy.url };
  const action: DockerAction = { kind: 'docker', source, pick: { container: name }, operation, stopWithinMs: 1_000, ...more };
  return { name, proxy, target: { service: 'shop', action, timeoutMs: 10_000 } };
}

async function run(name: string, config: object = {}): Promise<void> {
  const container = await docker.client.createContainer({ name, Image: images.v1, Cmd: idle, ...config });
  await container.start();
}

async function replaceBySomebody(name: string, config: object = {}): Promise<void> {
  await docker.client.getContainer(name).remove({ force: true });
  await run(name, config);
}

/** The engine's own account of what was done to containers of this name: docker's events. */
async function countOf(name: string, event: string, since: number): Promise<number> {
  const until = (Date.now() / 1000).toFixed(3);
  const ask = { since, until, filters: { container: [name], event: [event] } };
  const lines = (await text(await docker.client.getEvents(ask as unknown as GetEventsOptions))).split('\n');
  return lines.filter((line) => line.trim() !== '').length;
}

interface Ledger {
  readonly count: () => Promise<number>;
  /** What happens meanwhile is somebody else's. */
  readonly bySomebody: (work: () => Promise<unknown>) => Promise<void>;
}

/** Counts from now on. */
async function ledgerOf(name: string, event: string): Promise<Ledger> {
  const since = Math.floor(Date.now() / 1000);
  let others = await countOf(name, event, since);
  const bySomebody = async (work: () => Promise<unknown>): Promise<void> => {
    const before = await countOf(name, event, since);
    await work();
    others += (await countOf(name, event, since)) - before;
  };
  return { count: async () => (await countOf(name, event, since)) - others, bySomebody };
}

const stateOf = async (name: string): Promise<string> => {
  const { Id, State, HostConfig } = await docker.client.getContainer(name).inspect();
  const { Memory, NanoCpus, RestartPolicy } = HostConfig;
  return JSON.stringify({ Id, running: State.Running, Memory, NanoCpus, RestartPolicy });
};

/** @param lost the request whose answer never arrives */
async function benchOf(operation: DockerOperation, event: string, lost: RegExp): Promise<Bench<DockerAction> & Made> {
  const config = operation === 'limits' ? { HostConfig: { Memory: 33_554_432, NanoCpus: 500_000_000 } } : {};
  const one = await made(operation, operation === 'limits' ? { memoryBytes: 67_108_864 } : {}, config);
  const { name, proxy } = one;
  const ledger = await ledgerOf(name, event);
  await ledger.bySomebody(async () => operation === 'start' && docker.client.getContainer(name).stop({ t: 1 }));
  return {
    ...one,
    provider: dockerProvider(),
    effects: ledger.count,
    state: () => stateOf(name),
    disturb: () => ledger.bySomebody(() => replaceBySomebody(name, config)),
    loseAnswers: async () => void (proxy.loseAnswersTo = lost),
    hang: async () => void (proxy.hanging = true),
    remove: () => ledger.bySomebody(() => docker.client.getContainer(name).remove({ force: true })),
  };
}

/** It ran well on v1; somebody has put another one in its place, of another image and with another setting. */
async function badlyReplaced(more: Partial<DockerAction> = {}, bad: object = {}): Promise<Bench<DockerAction> & Made> {
  const one = await made('recreate', more, good);
  const { name, proxy, target } = one;
  const provider = dockerProvider();
  const image = await provider.image(target);
  await docker.client.getContainer(name).rename({ name: `${name}-old` });
  await docker.client.getContainer(`${name}-old`).stop({ t: 1 });
  await run(name, { Image: images.v2, Env: ['PORT=1', 'TOKEN=hush'], HostConfig: { RestartPolicy: { Name: 'always' } }, ...bad });
  const besides = await ledgerOf(`${name}.hale-new-${keyOfFirst}`, 'create');
  return {
    ...one,
    provider,
    good: image,
    tempt: async () => {
      await docker.client.createContainer({ ...good, name: `${name}-other`, Image: images.v1, Cmd: idle, Env: ['PORT=2'] });
      return provider.image({ ...target, action: { ...target.action, pick: { container: `${name}-other` } } });
    },
    effects: besides.count,
    state: () => stateOf(name),
    disturb: () => replaceBySomebody(name, { Env: ['PORT=3'] }),
    loseAnswers: async () => void (proxy.loseAnswersTo = /start$/),
    hang: async () => void (proxy.hanging = true),
    remove: () => docker.client.getContainer(name).remove({ force: true }),
  };
}

const good = {
  Env: ['PORT=18080', 'TOKEN=hush'],
  Labels: { tier: 'web' },
  HostConfig: { Memory: 33_554_432, NetworkMode: 'none', RestartPolicy: { Name: 'unless-stopped' } },
};
const keyOfFirst = createHash('sha256').update('cycle/1/fix').digest('hex').slice(0, 8);

const noUndo = { undo: 'what ended with a restart can not be brought back' };
const noGoal = { goal: 'what it is to become stands in the configuration' };
holdsProviderContract('docker restart', () => benchOf('restart', 'restart', /restart$/), { ...noUndo, ...noGoal });
holdsProviderContract('docker hardRestart', () => benchOf('hardRestart', 'kill', /start$/), { ...noUndo, ...noGoal });
holdsProviderContract('docker start', () => benchOf('start', 'start', /start$/), noGoal);
holdsProviderContract('docker stop', () => benchOf('stop', 'stop', /stop$/), noGoal);
holdsProviderContract('docker limits', () => benchOf('limits', 'update', /update$/), noGoal);

holdsProviderContract('docker recreate', () => badlyReplaced());

describe('docker', () => {
  it('makes the container again with the image and the configuration that were good, and its secrets', async () => {
    const bench = await badlyReplaced();
    await bench.provider.apply(await callOn(bench));
    const { Config, HostConfig, State } = await docker.client.getContainer(bench.name).inspect();
    expect(State.Running).toBe(true);
    expect(Config).toMatchObject({ Image: images.v1, Env: expect.arrayContaining(good.Env), Labels: { tier: 'web' } });
    expect(HostConfig).toMatchObject(good.HostConfig);
  });
});
