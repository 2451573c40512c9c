import { execFileSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Call, Examined } from '../../activities/ports.js';
import { ActionFailed } from '../../domain/failure.js';
import { dockerOperations, type DockerOperation } from '../../domain/service.js';
import { aimed, countOf, stubborn, type Aimed, type DockerAction } from '../support/containers.js';
import { startDockerd, type Dockerd } from '../support/dockerd.js';
import { callOn, undoOf, type Bench } from '../../testing/provider.contract.js';

let docker: Dockerd;
beforeAll(async () => void (docker = await startDockerd()));
afterAll(() => docker.stop());

const callFor = (one: Aimed, more: Partial<Call<DockerAction>> = {}): Promise<Call<DockerAction>> =>
  callOn(one as unknown as Bench<DockerAction>, more);

const containerOf = ({ name }: Aimed) => docker.client.getContainer(name);

async function examined(one: Aimed, operation = one.target.action.operation, more: Partial<DockerAction> = {}): Promise<Examined> {
  const target = { ...one.target, action: { ...one.target.action, operation, ...more } };
  return one.provider.examine(target, await one.provider.image(target), undefined);
}

const refusals = async (one: Aimed, operations: readonly DockerOperation[]): Promise<string[]> => {
  const all = await Promise.all(operations.map((operation) => examined(one, operation)));
  return all.map((seen) => (seen.applicable ? 'applicable' : seen.reason));
};

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await wait(20);
}

const hungry = ['/bin/busybox', 'sh', '-c', 'x=a; while :; do x=$x$x; done'];

/** Killed for its memory right after its start. */
async function killed(operation: DockerOperation, more: object = {}): Promise<Aimed> {
  const one = await aimed(docker, operation, { config: { Cmd: hungry, HostConfig: { Memory: 16_777_216 } }, ...more });
  await until(async () => (await containerOf(one).inspect()).State.OOMKilled);
  return one;
}

describe('the state of a container decides what fits', () => {
  it('touches no container that somebody has paused', async () => {
    const one = await aimed(docker, 'restart');
    await containerOf(one).pause();
    const why = `${one.name}: it is paused, which somebody does on purpose: \`docker unpause\` is for whoever did it`;
    expect(await refusals(one, dockerOperations)).toEqual(dockerOperations.map(() => why));
  });

  it('changes no container that is paused while permission is asked', async () => {
    const one = await aimed(docker, 'limits', { config: { HostConfig: { Memory: 33_554_432 } }, memoryBytes: 67_108_864 });
    const permit = (): Promise<void> => containerOf(one).pause();
    await expect(one.provider.apply(await callFor(one, { permit }))).rejects.toThrow(/^it is paused/);
    expect((await containerOf(one).inspect()).HostConfig.Memory).toBe(33_554_432);
  });

  it('touches no container whose removal has begun', async () => {
    const one = await aimed(docker, 'restart');
    const kept = join(docker.folder, 'data', 'containers', (await containerOf(one).inspect()).Id, 'kept');
    await writeFile(kept, '');
    execFileSync('chattr', ['+i', kept]);
    onTestFinished(() => void execFileSync('chattr', ['-i', kept]));
    await expect(containerOf(one).remove({ force: true })).rejects.toThrow(/kept/);
    expect(await refusals(one, dockerOperations)).toEqual(dockerOperations.map(() => `${one.name}: it is being removed`));
  });

  it.each([
    ['com.docker.swarm.task.id', 'Docker Swarm'],
    ['io.kubernetes.pod.uid', 'Kubernetes'],
  ])('leaves a container with the label %s to %s', async (label, owner) => {
    const one = await aimed(docker, 'restart', { config: { Labels: { [label]: 'x' } } });
    const why = `${one.name}: ${owner} owns it, and would undo what is done to its containers`;
    expect(await refusals(one, dockerOperations)).toEqual(dockerOperations.map(() => why));
  });

  it('says what is so already', async () => {
    const one = await aimed(docker, 'start', { config: { HostConfig: { Memory: 33_554_432 } } });
    expect(await examined(one)).toEqual({ applicable: false, reason: `${one.name}: it is running already` });
    const same = await examined(one, 'limits', { memoryBytes: 33_554_432 });
    expect(same).toMatchObject({ reason: expect.stringContaining('its limits are so already: 33554432 bytes of memory') as unknown });
    await containerOf(one).stop({ t: 1 });
    expect(await examined(one, 'stop')).toEqual({ applicable: false, reason: `${one.name}: it is stopped already` });
  });

  it('sets no limit that docker could not take away again', async () => {
    const one = await aimed(docker, 'limits');
    expect(await examined(one, 'limits', { memoryBytes: 33_554_432 })).toMatchObject({
      reason: expect.stringContaining('has no limit') as unknown,
    });
    expect(await examined(one, 'limits', { cpus: 1 })).toMatchObject({
      reason: expect.stringContaining('its CPUs have no limit') as unknown,
    });
  });

  it('stops no container that docker would then remove', async () => {
    const one = await aimed(docker, 'restart', { config: { HostConfig: { AutoRemove: true } } });
    const [restart, ...others] = await refusals(one, ['restart', 'hardRestart', 'stop', 'recreate']);
    expect(restart).toBe('applicable');
    expect(others).toEqual(others.map(() => expect.stringContaining('started with --rm') as unknown));
  });

  it('does not restart what docker itself restarts again and again', async () => {
    const failing = { Cmd: ['/bin/busybox', 'false'], HostConfig: { RestartPolicy: { Name: 'always' } } };
    const one = await aimed(docker, 'restart', { config: failing });
    // docker waits twice as long each time: by then long enough to be looked at while it waits.
    await until(async () => {
      const { RestartCount, State } = await containerOf(one).inspect();
      return RestartCount >= 5 && State.Restarting;
    });
    const [restart, hardRestart] = await refusals(one, ['restart', 'hardRestart']);
    expect(restart).toMatch(/: docker restarts it by itself \(restart policy always, \d+ times so far\), to no avail$/);
    expect(hardRestart).toBe(restart);
  });
});

describe('a container that was killed for its memory', () => {
  it('is not restarted when it had just been started', async () => {
    const one = await killed('restart');
    const why =
      /: it was killed for its memory \d+ s after its start, at its limit of 16777216 bytes: it would be again; limits or recreate can help$/;
    expect(await refusals(one, ['restart', 'hardRestart'])).toEqual([expect.stringMatching(why), expect.stringMatching(why)]);
    expect(await examined(one, 'limits', { memoryBytes: 33_554_432 })).toMatchObject({ applicable: true });
  });

  it('is started under its other limits, and stopped under the old ones by the undo', async () => {
    const one = await killed('limits', { memoryBytes: 33_554_432 });
    const ranTwice = async (): Promise<number> => countOf(docker, one.name, 'start', 0);
    const before = (await containerOf(one).inspect()).HostConfig;
    const call = await callFor(one);
    const after = await one.provider.apply(call);
    expect((await containerOf(one).inspect()).HostConfig).toMatchObject({ Memory: 33_554_432, MemorySwap: 67_108_864 });
    expect(await ranTwice()).toBe(2);
    expect(await one.provider.undo(undoOf(call), after)).toMatchObject({ kind: 'undone' });
    const { HostConfig, State } = await containerOf(one).inspect();
    expect(HostConfig).toMatchObject({ Memory: before.Memory, MemorySwap: before.MemorySwap });
    expect(State.Running).toBe(false);
  });
});

describe('an undo', () => {
  it('leaves the limits alone that somebody sets while permission is asked', async () => {
    const one = await aimed(docker, 'limits', { config: { HostConfig: { Memory: 33_554_432 } }, memoryBytes: 67_108_864 });
    const call = await callFor(one);
    const after = await one.provider.apply(call);
    const permit = () => containerOf(one).update({ Memory: 50_331_648, MemorySwap: -1 });
    expect(await one.provider.undo({ ...undoOf(call), permit }, after)).toMatchObject({ kind: 'changedMeanwhile' });
    expect((await containerOf(one).inspect()).HostConfig.Memory).toBe(50_331_648);
  });

  it('starts no other container than the one that was stopped', async () => {
    const one = await aimed(docker, 'stop');
    const call = await callFor(one);
    const after = await one.provider.apply(call);
    await containerOf(one).remove();
    await docker.client.createContainer({ name: one.name, Image: 'lab/bb:1', Cmd: stubborn });
    expect(await one.provider.undo(undoOf(call), after)).toMatchObject({ kind: 'changedMeanwhile' });
    expect((await containerOf(one).inspect()).State.Running).toBe(false);
  });
});

describe('an action that was cut off', () => {
  it('is awaited while docker still works on it, and not done again', async () => {
    const one = await aimed(docker, 'restart', { config: { Cmd: stubborn } });
    const caller = new AbortController();
    const call = await callFor(one, { abort: caller.signal });
    const applying = one.provider.apply(call);
    await until(async () => one.proxy.seen.some((line) => line.endsWith('/restart')));
    caller.abort();
    await expect(applying).rejects.toThrow(/called off/);
    const later = { ...call, abort: new AbortController().signal };
    expect(await one.provider.readBack(later)).toEqual({ kind: 'notApplied' });
    expect(await one.provider.readBack({ ...later, underWayUntil: Date.now() + 10_000 })).toMatchObject({ kind: 'applied' });
    expect(await countOf(docker, one.name, 'restart', 0)).toBe(1);
  });

  it('goes on with the start where only the kill had been done', async () => {
    const one = await aimed(docker, 'hardRestart');
    one.proxy.loseAnswersTo = /kill$/;
    const call = await callFor(one);
    await expect(one.provider.apply(call)).rejects.toThrow(/docker at/);
    one.proxy.loseAnswersTo = undefined;
    expect(await one.provider.readBack(call)).toMatchObject({ kind: 'partly', left: 'it was stopped, and is not started yet' });
    await one.provider.apply(call);
    expect(await one.provider.readBack(call)).toMatchObject({ kind: 'applied' });
    expect(await countOf(docker, one.name, 'kill', 0)).toBe(1);
  });

  it('is unknown when another container has taken the name', async () => {
    const one = await aimed(docker, 'restart');
    const call = await callFor(one);
    await containerOf(one).rename({ name: `${one.name}-old` });
    const readBack = () => one.provider.readBack(call);
    expect(await readBack()).toEqual({ kind: 'unknown', why: `there is no container ${one.name}` });
    await docker.client.createContainer({ name: one.name, Image: 'lab/bb:1', Cmd: stubborn });
    expect(await readBack()).toMatchObject({
      kind: 'unknown',
      why: expect.stringContaining('another container has its place') as unknown,
    });
  });

  it('has failed, and was not refused, when docker stopped the container and could not start it again', async () => {
    const gone = join(docker.folder, 'gone');
    const one = await aimed(docker, 'restart', { config: { HostConfig: { Binds: [`${gone}:/gone`] } } });
    await rm(gone, { recursive: true });
    await writeFile(gone, 'no folder any more');
    const failure: unknown = await one.provider.apply(await callFor(one)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ActionFailed);
    expect(failure).toMatchObject({ after: { content: { running: false } } });
  });
});

it('sends the time to end by itself in whole seconds, never less than asked', async () => {
  const one = await aimed(docker, 'stop', { config: { Cmd: stubborn }, stopWithinMs: 1_200 });
  const began = performance.now();
  await one.provider.apply(await callFor(one));
  expect(performance.now() - began).toBeGreaterThan(1_900);
});
