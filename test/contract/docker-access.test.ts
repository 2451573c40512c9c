import { rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { callsOf, type CallName } from '../../adapters/docker/calls.js';
import { TargetRefused } from '../../domain/failure.js';
import { dockerOperations } from '../../domain/service.js';
import { aimed, badlyReplaced, goodConfig, type Aimed } from '../support/containers.js';
import { startDockerd, type Dockerd } from '../support/dockerd.js';
import { callOn, undoOf, type Bench } from '../../testing/provider.contract.js';

let docker: Dockerd;
beforeAll(async () => void (docker = await startDockerd()));
afterAll(() => docker.stop());

/** What the ask says, which must also be why nothing is done. */
async function refusalOf(one: Aimed): Promise<string> {
  const current = await one.provider.image(one.target);
  const seen = await one.provider.examine(one.target, current, undefined);
  const call = { ...(await callOn(bench(one))), before: { identity: 'then', summary: '', content: {} } };
  await expect(one.provider.apply(call)).rejects.toBeInstanceOf(TargetRefused);
  return seen.applicable ? 'applicable' : seen.reason;
}

const bench = (one: Aimed): Bench<Aimed['target']['action']> => one as unknown as Bench<Aimed['target']['action']>;

const at = (one: Aimed, url: string): Aimed => ({
  ...one,
  target: { ...one.target, action: { ...one.target.action, source: { name: 'dock', url } } },
});

describe('row 43: a docker that can not be used', () => {
  it('says that there is no socket, or nobody behind it', async () => {
    const one = await aimed(docker, 'restart');
    const path = join(docker.folder, 'none.sock');
    expect(await refusalOf(at(one, `unix://${path}`))).toBe(`docker is unavailable: there is no socket ${path}`);
    expect(await refusalOf(at(one, 'http://127.0.0.1:1'))).toBe('docker is unavailable: nobody listens at http://127.0.0.1:1');
    await writeFile(path, 'a file');
    expect(await refusalOf(at(one, `unix://${path}`))).toMatch(/^docker is unavailable: (nobody listens at|.* is no socket)/);
    await rm(path);
  });

  it('says that this user may not open the socket', async () => {
    const one = await aimed(docker, 'restart');
    process.seteuid?.(65_534);
    onTestFinished(() => process.seteuid?.(0));
    expect(await refusalOf(at(one, docker.url))).toMatch(/^no permission: this user may not open .*docker\.sock$/);
  });

  it.each([
    [{ ApiVersion: '1.30', MinAPIVersion: '1.12' }, 'the API of this docker is too old: it speaks 1.12 to 1.30, hale 1.40 to 1.51'],
    [{ ApiVersion: '1.70', MinAPIVersion: '1.60' }, 'the API of this docker is too new: it speaks 1.60 to 1.70, hale 1.40 to 1.51'],
    [{ ApiVersion: 'a page' }, 'what answers here is no docker: its API version is "a page"'],
    [{}, 'what answers here is no docker: its API version is undefined'],
  ])('says that it can not speak with an API of %j', async (version, sentence) => {
    const one = await aimed(docker, 'restart');
    one.proxy.version = version as Record<string, string>;
    expect(await refusalOf(one)).toBe(sentence);
  });

  it('speaks the newest version that both know', async () => {
    const one = await aimed(docker, 'restart');
    one.proxy.version = { ApiVersion: '1.40', MinAPIVersion: '1.12' };
    await one.provider.apply(await callOn(bench(one)));
    expect(one.proxy.versions).toEqual(new Set(['', 'v1.40']));
  });

  it('asks the configured docker, whatever the environment names', async () => {
    const one = await aimed(docker, 'restart');
    process.env.DOCKER_HOST = 'tcp://127.0.0.1:1';
    onTestFinished(() => void delete process.env.DOCKER_HOST);
    const image = await at(one, docker.url).provider.image(at(one, docker.url).target);
    expect(image.summary).toMatch(new RegExp(`^${one.name} .*running since`));
  });

  it('does not wait for an answer without an end', async () => {
    const server = createServer((_request, answer) => void answer.write('{"ApiVersion":'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    const { port } = server.address() as { port: number };
    const one = at(await aimed(docker, 'restart'), `http://127.0.0.1:${port}`);
    const image = await one.provider.image({ ...one.target, timeoutMs: 200 });
    expect(image).toMatchObject({ summary: 'docker did not answer within 200 ms', notGood: expect.any(String) as unknown });
  });
});

describe('which container is meant', () => {
  it('takes no beginning of an id for a name', async () => {
    const one = await aimed(docker, 'restart');
    const { Id } = await docker.client.getContainer(one.name).inspect();
    const by = (container: string): Aimed => ({ ...one, target: { ...one.target, action: { ...one.target.action, pick: { container } } } });
    expect(await refusalOf(by(Id.slice(0, 12)))).toBe(`there is no container ${Id.slice(0, 12)}`);
    expect(await refusalOf(by(Id))).toBe(`there is no container ${Id}`);
  });

  it('wants exactly one container with the label', async () => {
    const pick = { label: 'tier=db' };
    const one = await aimed(docker, 'restart', { pick });
    expect(await refusalOf(one)).toBe('no container has the label tier=db');
    const two = await aimed(docker, 'restart', { pick, config: { Labels: { tier: 'db' } } });
    await two.provider.apply(await callOn(bench(two)));
    const three = await aimed(docker, 'restart', { pick, config: { Labels: { tier: 'db' } } });
    expect(await refusalOf(three)).toBe(`2 containers have the label tier=db, and one is meant: ${two.name}, ${three.name}`);
  });
});

/** Each operation in a state in which all of it has to be done. */
async function due(operation: (typeof dockerOperations)[number], allowed: readonly CallName[]): Promise<Aimed> {
  if (operation === 'recreate') return badlyReplaced(docker, { allowed });
  const limits = { HostConfig: { Memory: 33_554_432 } };
  const one = await aimed(docker, operation, { allowed, config: limits, ...(operation === 'limits' && { memoryBytes: 67_108_864 }) });
  if (operation === 'start') await docker.client.getContainer(one.name).stop({ t: 1 });
  return one;
}

describe('behind a proxy that lets through what is listed, and no more', () => {
  it.each(dockerOperations)('can do and undo: %s', async (operation) => {
    const one = await due(operation, callsOf[operation]);
    await one.provider.resourceOf(one.target);
    const call = await callOn(bench(one));
    const after = await one.provider.apply(call);
    expect(await one.provider.readBack(call)).toMatchObject({ kind: 'applied' });
    if (!operation.endsWith('estart')) expect(await one.provider.undo(undoOf(call), after)).toMatchObject({ kind: 'undone' });
    expect(one.proxy.refused).toEqual([]);
    expect(one.proxy.used.size).toBeGreaterThan(3);
  });

  it('says so when the proxy does not let an operation through', async () => {
    const one = await due('restart', callsOf.limits);
    const { Id } = await docker.client.getContainer(one.name).inspect();
    await expect(one.provider.apply(await callOn(bench(one)))).rejects.toThrow(
      new TargetRefused(
        `no permission: what stands before docker does not allow this (POST /containers/${Id}/restart is not allowed here)`,
      ),
    );
  });

  it.each([
    ['a privileged container', '/v1.41/containers/create?name=x', { Image: 'lab/bb:1', HostConfig: { Privileged: true } }],
    ['one with the root of the machine', '/v1.41/containers/create', { Image: 'lab/bb:1', HostConfig: { Binds: ['/:/host'] } }],
    ['one that sees all processes', '/v1.41/containers/create', { Image: 'lab/bb:1', HostConfig: { PidMode: 'host' } }],
    ['one with more rights', '/v1.41/containers/create', { Image: 'lab/bb:1', HostConfig: { CapAdd: ['SYS_ADMIN'] } }],
    ['a command in a container', '/v1.41/containers/shop/exec', { Cmd: ['sh'] }],
    ['a file into a container', '/v1.41/containers/shop/archive?path=/', {}],
    ['an image', '/v1.41/images/create?fromImage=alpine', {}],
    ['an action on a name', '/v1.41/containers/shop/stop', {}],
  ])('makes nobody root: %s is 403', async (_what, path, body) => {
    const { proxy } = await aimed(docker, 'restart', { allowed: dockerOperations.flatMap((operation) => callsOf[operation]) });
    const answer = await fetch(`${proxy.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(answer.status).toBe(403);
  });

  it('does not make again what the proxy takes for dangerous, and has done nothing', async () => {
    const config = { ...goodConfig, HostConfig: { NetworkMode: 'none', Binds: ['/etc:/etc-of-the-machine:ro'] } };
    const one = await badlyReplaced(docker, { allowed: callsOf.recreate, config });
    await expect(one.provider.apply(await callOn(bench(one)))).rejects.toThrow(/^no permission: .*POST \/containers\/create/);
    expect(one.proxy.seen.filter((line) => !line.startsWith('GET'))).toEqual([]);
  });
});
