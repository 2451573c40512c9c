import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Call, Examined } from '../../activities/ports.js';
import { sealWith } from '../../adapters/docker/seal.js';
import { specificationOf } from '../../adapters/docker/specification.js';
import type { Image } from '../../domain/effect.js';
import { TargetRefused } from '../../domain/failure.js';
import { badlyReplaced, countOf, goodConfig, keyOf, run, stateOf, type Aimed, type DockerAction } from '../support/containers.js';
import { images, startDockerd, type Dockerd } from '../support/dockerd.js';
import { callOn, undoOf, type Bench } from '../../testing/provider.contract.js';

let docker: Dockerd;
let sealed: DockerAction['source'];
beforeAll(async () => {
  docker = await startDockerd();
  const file = join(docker.folder, 'seal');
  await writeFile(file, 'a long random text');
  sealed = { name: 'dock', url: docker.url, seal: { file } };
});
afterAll(() => docker.stop());

type Replaced = Aimed & { readonly good: Image };

const callFor = (one: Replaced, more: Partial<Call<DockerAction>> = {}): Promise<Call<DockerAction>> =>
  callOn(one as unknown as Bench<DockerAction>, more);

const inspected = (name: string) => docker.client.getContainer(name).inspect();

const examined = async (one: Replaced, good: Image | undefined = one.good): Promise<Examined> =>
  one.provider.examine(one.target, await one.provider.image(one.target), good);

const reasonOf = async (one: Replaced, good?: Image): Promise<string> => {
  const seen = await examined(one, good);
  return seen.applicable ? 'applicable' : seen.reason;
};

/** Names of all containers that have to do with this one. */
async function family(name: string): Promise<string[]> {
  const all = await docker.client.listContainers({ all: true, filters: { name: [name] } });
  return all.map(({ Names }) => (Names[0] ?? '').slice(1)).sort();
}

describe('a container is made again', () => {
  it('with the image and every setting that were good, and the old one is set aside', async () => {
    const one = await badlyReplaced(docker);
    const bad = await inspected(one.name);
    const call = await callFor(one);
    await one.provider.apply(call);
    const { Config, HostConfig, State } = await inspected(one.name);
    expect(State.Running).toBe(true);
    expect(Config).toMatchObject({ Image: images.v1, Env: expect.arrayContaining(goodConfig.Env) as unknown, Labels: { tier: 'web' } });
    expect(HostConfig).toMatchObject(goodConfig.HostConfig);
    const aside = await inspected(`${one.name}.hale-before-${keyOf(call.actionId)}`);
    expect(aside).toMatchObject({ Id: bad.Id, State: { Running: false }, HostConfig: { RestartPolicy: { Name: 'no' } } });
  });

  it('with the image that was good, also where its name means another by now', async () => {
    const name = (image: string) => docker.client.getImage(image).tag({ repo: 'lab/bb', tag: 'latest' });
    await name(images.v1);
    const one = await badlyReplaced(docker, { config: { ...goodConfig, Image: 'lab/bb:latest' } });
    await name(images.v2);
    await one.provider.apply(await callFor(one));
    expect((await inspected(one.name)).Image).toBe((await docker.client.getImage(images.v1).inspect()).Id);
  });

  it('in its own network, under its own aliases', async () => {
    const network = await docker.client.createNetwork({ Name: 'shopnet', Driver: 'bridge' });
    const own = { HostConfig: { NetworkMode: 'shopnet' }, NetworkingConfig: { EndpointsConfig: { shopnet: { Aliases: ['web'] } } } };
    const one = await badlyReplaced(docker, { config: own, bad: { HostConfig: { NetworkMode: 'none' } } });
    await one.provider.apply(await callFor(one));
    const { Id, NetworkSettings } = await inspected(one.name);
    // docker adds the beginning of its own id; that of the good container would be a lie.
    expect(NetworkSettings.Networks.shopnet?.Aliases).toEqual(['web', Id.slice(0, 12)]);
    for (const name of await family(one.name)) await docker.client.getContainer(name).remove({ force: true });
    await network.remove();
  });

  it('with the data of volumes that have no name', async () => {
    const volumes = { Volumes: { '/data': {} } };
    const one = await badlyReplaced(docker, { config: volumes, bad: { ...volumes, Env: ['PORT=1'] } });
    const [before] = (await inspected(one.name)).Mounts;
    const call = await callFor(one);
    const after = await one.provider.apply(call);
    expect((await inspected(one.name)).Mounts).toMatchObject([{ Name: before?.Name, Destination: '/data', RW: true }]);
    expect(await one.provider.image(one.target)).toMatchObject({ identity: one.good.identity });
    await one.provider.undo(undoOf(call), after);
    expect((await inspected(one.name)).Mounts).toMatchObject([{ Name: before?.Name }]);
  });

  it('with the data of volumes that have no name and a mount of their own', async () => {
    const mounted = (Env: string[]) => ({ Env, HostConfig: { ...goodConfig.HostConfig, Mounts: [{ Type: 'volume', Target: '/data' }] } });
    const one = await badlyReplaced(docker, { config: mounted(goodConfig.Env), bad: mounted(['PORT=1']), source: sealed });
    const [before] = (await inspected(one.name)).Mounts;
    await one.provider.apply(await callFor(one));
    expect((await inspected(one.name)).Mounts).toMatchObject([{ Name: before?.Name, Destination: '/data', RW: true }]);
    expect(await one.provider.image(one.target)).toMatchObject({ identity: one.good.identity });
  });

  it('with nothing hidden from it where nothing was, which is another configuration than what docker hides by itself', async () => {
    const open = { HostConfig: { ...goodConfig.HostConfig, MaskedPaths: [], ReadonlyPaths: [] } };
    const one = await badlyReplaced(docker, { config: open, bad: { ...goodConfig, Image: images.v1 } });
    expect(await examined(one)).toMatchObject({
      evidence: expect.stringContaining('differs in HostConfig.MaskedPaths, HostConfig.ReadonlyPaths:'),
    });
    await one.provider.apply(await callFor(one));
    expect((await inspected(one.name)).HostConfig).toMatchObject({ MaskedPaths: [], ReadonlyPaths: [] });
  });

  it('found by its label, also where the one set aside has it too', async () => {
    const one = await badlyReplaced(docker, {
      pick: { label: 'role=till' },
      config: { Labels: { role: 'till' } },
      bad: { Labels: { role: 'till' } },
      keepsGood: false,
      source: sealed,
    });
    await one.provider.apply(await callFor(one));
    expect((await inspected(one.name)).Config.Image).toBe(images.v1);
    expect(await one.provider.image(one.target)).toMatchObject({ identity: one.good.identity });
  });
});

const lostWithoutSeal = ({ name }: Replaced): string =>
  `${name}: docker no longer has the last known good container as it was, and hale keeps no configuration of it: give the source a \`seal\``;

describe('what is kept of a good container', () => {
  const secret = 'hush-5f0c1e';

  it('is sealed, and enough to make it again when docker no longer has it', async () => {
    const one = await badlyReplaced(docker, { source: sealed, keepsGood: false });
    const kept = JSON.stringify(one.good);
    expect(kept).not.toContain(secret);
    expect(kept).not.toContain(Buffer.from(secret).toString('base64').slice(0, 10));
    await one.provider.apply(await callFor(one));
    expect((await inspected(one.name)).Config.Env).toEqual(expect.arrayContaining(goodConfig.Env));
  });

  it('is nothing without a seal: then only docker can still have it', async () => {
    const one = await badlyReplaced(docker, { keepsGood: false });
    expect(JSON.stringify(one.good)).not.toContain(secret);
    expect(one.good.content).not.toHaveProperty('sealed');
    expect(await reasonOf(one)).toBe(lostWithoutSeal(one));
  });

  it('is not what somebody has made of the good container since', async () => {
    const one = await badlyReplaced(docker);
    await docker.client.getContainer(`${one.name}-old`).update({ Memory: 67_108_864, MemorySwap: -1 });
    expect(await reasonOf(one)).toBe(lostWithoutSeal(one));
    const kept = await badlyReplaced(docker, { source: sealed });
    await docker.client.getContainer(`${kept.name}-old`).update({ Memory: 67_108_864, MemorySwap: -1 });
    await kept.provider.apply(await callFor(kept));
    expect((await inspected(kept.name)).HostConfig.Memory).toBe(33_554_432);
  });

  it('is of no use under another secret, or when it was changed', async () => {
    const one = await badlyReplaced(docker, { source: sealed, keepsGood: false });
    const other = join(docker.folder, 'other-seal');
    await writeFile(other, 'another text');
    const elsewhere = {
      ...one,
      target: { ...one.target, action: { ...one.target.action, source: { ...one.target.action.source, seal: { file: other } } } },
    };
    const why = `${one.name}: what was kept of its last known good configuration was sealed under another secret`;
    expect(await reasonOf(elsewhere)).toBe(why);
    const bytes = Buffer.from(String(one.good.content.sealed), 'base64');
    bytes[40] = (bytes[40] ?? 0) ^ 1;
    expect(await reasonOf(one, { ...one.good, content: { ...one.good.content, sealed: bytes.toString('base64') } })).toBe(why);
  });

  it('is not looked for where the secret can not be read', async () => {
    const one = await badlyReplaced(docker);
    const seal = { file: join(docker.folder, 'no-such-seal') };
    const target = { ...one.target, action: { ...one.target.action, source: { ...one.target.action.source, seal } } };
    const image = await one.provider.image(target);
    expect(image).toMatchObject({ identity: 'unseen', summary: 'the secret that seals what is kept of containers is empty or not there' });
  });

  it('has another identity for every setting that differs, and the same for two that are alike', async () => {
    const one = await badlyReplaced(docker);
    const identity = async (name: string): Promise<string> =>
      (await one.provider.image({ ...one.target, action: { ...one.target.action, pick: { container: name } } })).identity;
    await run(docker, `${one.name}-same`, goodConfig);
    await run(docker, `${one.name}-env`, { ...goodConfig, Env: ['PORT=18080', 'TOKEN=other'] });
    await run(docker, `${one.name}-limit`, { ...goodConfig, HostConfig: { ...goodConfig.HostConfig, Memory: 67_108_864 } });
    expect(await identity(`${one.name}-same`)).toBe(one.good.identity);
    expect(await identity(`${one.name}-env`)).not.toBe(one.good.identity);
    expect(await identity(`${one.name}-limit`)).not.toBe(one.good.identity);
  });

  it('is never one that does not run', async () => {
    const one = await badlyReplaced(docker);
    await docker.client.getContainer(one.name).stop({ t: 1 });
    expect(await one.provider.image(one.target)).toMatchObject({ notGood: 'it does not run' });
  });
});

describe('a recreation is refused, and has done nothing', () => {
  it('names the settings that differ, and no value, when it is not', async () => {
    const one = await badlyReplaced(docker);
    const seen = await examined(one);
    expect(seen).toMatchObject({
      evidence: expect.stringMatching(/differs in image, Env PORT, Labels, (NetworkDisabled, )?HostConfig\.Memory, /) as unknown,
    });
    expect(JSON.stringify(seen)).not.toContain('18080');
  });

  it('where nothing good is known, or it is what is there', async () => {
    const one = await badlyReplaced(docker);
    const current = await one.provider.image(one.target);
    const none = await one.provider.examine(one.target, current, undefined);
    expect(none).toEqual({ applicable: false, reason: `${one.name}: no good configuration of it was seen yet` });
    expect(await reasonOf(one, current)).toMatch(/its configuration is the last known good one/);
  });

  it('where the image is gone', async () => {
    const file = await docker.client.getContainer((await badlyReplaced(docker)).name).export();
    const progress = await docker.client.importImage(file as never, { repo: 'lab/bb', tag: 'gone' });
    await new Promise((resolve) => docker.client.modem.followProgress(progress, resolve));
    const one = await badlyReplaced(docker, { source: sealed, keepsGood: false, config: { Image: 'lab/bb:gone' } });
    const call = await callFor(one);
    await docker.client.getImage('lab/bb:gone').remove();
    expect(await reasonOf(one)).toMatch(/: the image of its last known good configuration is gone: sha256:/);
    await expect(one.provider.apply(call)).rejects.toThrow(/is gone: sha256:/);
    expect(await family(one.name)).toEqual([one.name]);
  });

  it.each([
    ['it has legacy links', { HostConfig: { Links: ['other:alias'] } }],
    ['it was started with --rm', { HostConfig: { AutoRemove: true } }],
  ])('where %s', async (why, bad) => {
    if ('Links' in bad.HostConfig) await run(docker, 'other');
    const one = await badlyReplaced(docker, { bad });
    expect(await reasonOf(one)).toContain(why);
  });

  it('where it has the network of another container', async () => {
    await run(docker, 'other-network');
    const one = await badlyReplaced(docker, { config: { HostConfig: { NetworkMode: 'container:other-network' } } });
    expect(await reasonOf(one)).toMatch(/has the network of another container/);
  });

  it('where it is paused while permission is asked', async () => {
    const one = await badlyReplaced(docker);
    const permit = (): Promise<void> => docker.client.getContainer(one.name).pause();
    await expect(one.provider.apply(await callFor(one, { permit }))).rejects.toThrow(/^it is paused/);
    expect((await inspected(one.name)).State.Paused).toBe(true);
    expect(await family(one.name)).toEqual([one.name, `${one.name}-old`]);
  });

  it('where docker makes something else of it than what was good', async () => {
    const one = await badlyReplaced(docker, { source: sealed, keepsGood: false });
    const before = await stateOf(docker, one.name);
    const seal = await sealWith(sealed.seal);
    const now = specificationOf(await inspected(one.name));
    const odd = { ...now, hostConfig: { ...now.hostConfig, Unheard: 'of' } };
    const goal = { ...one.good, identity: await seal.identityOf(odd), content: { sealed: seal.close(odd), imageName: images.v2 } };
    await expect(one.provider.apply(await callFor(one, { goal }))).rejects.toThrow(
      new TargetRefused('docker makes something else of the last known good configuration: HostConfig.Unheard'),
    );
    expect(await stateOf(docker, one.name)).toBe(before);
    expect(await family(one.name)).toEqual([one.name]);
  });
});

/** In this order: made, kept from coming back, stopped, set aside, put in its place, started. */
const steps = ['create', 'update', 'stop', 'rename', 'rename', 'start'] as const;

/** Where there is something to take back. */
async function takenBack(one: Replaced, call: Call<DockerAction>): Promise<void> {
  const found = await one.provider.readBack(call);
  if (found.kind === 'notApplied') return;
  if (found.kind === 'unknown') throw new Error(found.why);
  expect(await one.provider.undo(undoOf(call), found.after)).toMatchObject({ kind: 'undone' });
}

describe.each(steps.map((step, index) => [index + 1, step] as const))('cut off after step %i, %s', (count, step) => {
  async function cutOff(): Promise<{ one: Replaced; call: Call<DockerAction>; before: string }> {
    // This docker has no bridge, and renames nothing that runs on it.
    const bad = { HostConfig: { NetworkMode: 'none', RestartPolicy: { Name: 'always' } } };
    const one = await badlyReplaced(docker, { bad, keepsGood: false, source: sealed });
    const before = await stateOf(docker, one.name);
    const call = await callFor(one);
    one.proxy.loseAnswersTo = new RegExp(`${step}$`);
    one.proxy.loseAfter = steps.slice(0, count).filter((earlier) => earlier === step).length;
    await expect(one.provider.apply(call)).rejects.not.toBeInstanceOf(TargetRefused);
    one.proxy.loseAnswersTo = undefined;
    return { one, call, before };
  }

  it('is finished by the same call, with one new container', async () => {
    const { one, call } = await cutOff();
    expect((await one.provider.readBack(call)).kind).toBe({ create: 'notApplied', start: 'applied' }[step as string] ?? 'partly');
    expect(await one.provider.apply(call)).toMatchObject({ identity: one.good.identity });
    expect(await one.provider.readBack(call)).toMatchObject({ kind: 'applied', after: { identity: one.good.identity } });
    expect(await countOf(docker, `${one.name}.hale-new-${keyOf(call.actionId)}`, 'create', 0)).toBe(1);
    expect(await family(one.name)).toEqual([one.name, `${one.name}.hale-before-${keyOf(call.actionId)}`]);
  });

  it('goes on with nothing that was changed since, unless it is in its place already', async () => {
    const { one, call } = await cutOff();
    const old = await inspected(String(call.before.content.id));
    await docker.client.getContainer(old.Id).update({ Memory: 67_108_864, MemorySwap: -1 });
    const isAside = old.Name !== `/${one.name}`;
    const outcome = one.provider.apply(call).then(
      () => 'done',
      (error: unknown) => String(error),
    );
    expect(await outcome).toMatch(isAside ? /^done$/ : /it has changed meanwhile/);
    if (!isAside) expect((await inspected(one.name)).Id).toBe(old.Id);
  });

  it('is taken back to exactly what was there', async () => {
    const { one, call, before } = await cutOff();
    await takenBack(one, call);
    expect(await stateOf(docker, one.name)).toBe(before);
  });

  it('leaves alone what somebody has started again since, with the restart policy that hale had taken away', async () => {
    const { one, call, before } = await cutOff();
    const old = await inspected(String(call.before.content.id));
    await docker.client.getContainer(old.Id).restart({ t: 1 });
    await expect(one.provider.apply(call)).rejects.toThrow(/it has changed meanwhile: .*, running since /);
    if (old.Name === `/${one.name}`) {
      expect(await one.provider.readBack(call)).toEqual({ kind: 'notApplied' });
      expect(await family(one.name)).toEqual([one.name]);
    } else await takenBack(one, call);
    expect(await stateOf(docker, one.name)).toBe(before);
  });
});

describe.each(['update', 'stop', 'rename'])('an undo that was cut off after its first %s', (step) => {
  it('is finished by the same call', async () => {
    const one = await badlyReplaced(docker, { keepsGood: false, source: sealed });
    const before = await stateOf(docker, one.name);
    const call = await callFor(one);
    const after = await one.provider.apply(call);
    one.proxy.loseAnswersTo = new RegExp(`${step}$`);
    one.proxy.loseAfter = 1;
    await expect(one.provider.undo(undoOf(call), after)).rejects.toThrow();
    one.proxy.loseAnswersTo = undefined;
    expect(await one.provider.undo(undoOf(call), after)).toMatchObject({ kind: 'undone' });
    expect(await stateOf(docker, one.name)).toBe(before);
    expect((await inspected(`${one.name}.hale-undone-${keyOf(call.actionId)}`)).State.Running).toBe(false);
  });
});

describe('what was set aside', () => {
  it('is removed by a recreation a day later, and not by an earlier one, unless somebody has started it', async () => {
    const one = await badlyReplaced(docker, { keepsGood: false, source: sealed });
    const first = await callFor(one, { actionId: 'cycle/1/first' });
    await one.provider.undo(undoOf(first), await one.provider.apply(first));
    const second = await callFor(one, { actionId: 'cycle/2/second' });
    await one.provider.undo(undoOf(second), await one.provider.apply(second));
    const undone = [first, second].map(({ actionId }) => `${one.name}.hale-undone-${keyOf(actionId)}`);
    expect(new Set(await family(one.name))).toEqual(new Set([one.name, ...undone]));
    const third = await callFor(one, { actionId: 'cycle/3/third' });
    await docker.client.getContainer(String(undone[1])).start();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 25 * 3_600_000 });
    onTestFinished(() => void vi.useRealTimers());
    await one.provider.apply(third);
    // What this very recreation has set aside is older than a day by this clock; its undo needs it.
    expect(await family(one.name)).toEqual([one.name, `${one.name}.hale-before-${keyOf(third.actionId)}`, undone[1]]);
  });

  it('can not be put back when somebody has removed it', async () => {
    const one = await badlyReplaced(docker);
    const call = await callFor(one);
    const after = await one.provider.apply(call);
    await docker.client.getContainer(`${one.name}.hale-before-${keyOf(call.actionId)}`).remove();
    await expect(one.provider.undo(undoOf(call), after)).rejects.toThrow(/the container that was set aside is gone: /);
    expect((await inspected(one.name)).State.Running).toBe(true);
  });

  it.each(['before permission is asked', 'meanwhile'])('stays aside when somebody has given the new one other limits %s', async (when) => {
    const one = await badlyReplaced(docker);
    const call = await callFor(one);
    const after = await one.provider.apply(call);
    const change = () => docker.client.getContainer(one.name).update({ Memory: 67_108_864, MemorySwap: -1 });
    if (when !== 'meanwhile') await change();
    const undo = { ...undoOf(call), ...(when === 'meanwhile' && { permit: change }) };
    expect(await one.provider.undo(undo, after)).toMatchObject({ kind: 'changedMeanwhile' });
    expect((await inspected(one.name)).State.Running).toBe(true);
  });

  it('by an undo does not come back when docker starts anew', async () => {
    // Of its own: docker ends all that runs in it first, and starts most of that again.
    const anew = await startDockerd();
    onTestFinished(() => anew.stop());
    const always = { HostConfig: { ...goodConfig.HostConfig, RestartPolicy: { Name: 'always' } } };
    const one = await badlyReplaced(anew, { config: always });
    const call = await callFor(one);
    await one.provider.undo(undoOf(call), await one.provider.apply(call));
    await anew.restart();
    const isRunning = async (name: string): Promise<boolean> => (await anew.client.getContainer(name).inspect()).State.Running;
    expect(await isRunning(one.name)).toBe(true);
    expect(await isRunning(`${one.name}.hale-undone-${keyOf(call.actionId)}`)).toBe(false);
  });
});
