// What doctor is told by a real docker, and by a proxy before it, about the calls that the corrections make.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { callLine, callsOf, refusalLine, refusedInCreate, type CallName } from '../../adapters/docker/calls.js';
import { asked } from '../support/asked.js';
import { run } from '../support/containers.js';
import { dockerProxy } from '../support/docker-proxy.js';
import { startDockerd, type Dockerd } from '../support/dockerd.js';
import { serve } from '../support/listen.js';

let docker: Dockerd;
beforeAll(async () => void (docker = await startDockerd()));
afterAll(() => docker.stop());

const at = (url: string, ...words: string[]) => `secrets: {s: {env: SEAL}}
sources: {dock: {docker: '${url}', seal: s}}
services:
  shop:
    target: {source: dock, container: shop}
    corrections: {${words.map((word) => `${word}: {docker: ${word}, mode: act}`).join(', ')}}
`;

it('docker itself answers all that is needed, and that nothing stands before it is too much', async () => {
  const lines = await asked(at(docker.url, 'restart', 'recreate'));
  expect(lines).toEqual([
    `ok ${docker.url}: hale has ${new Set([...callsOf.restart, ...callsOf.recreate]).size} rights that it needs`,
    expect.stringMatching(/^warning .*more than hale ever asks: who may use it is root on its machine/),
  ]);
});

it('asking does nothing to any container and leaves none behind', async () => {
  await run(docker, 'shop');
  const state = async () => {
    const { Id, State } = await docker.client.getContainer('shop').inspect();
    return [Id, State.StartedAt, State.Running, (await docker.client.listContainers({ all: true })).length];
  };
  const before = await state();
  const proxy = await dockerProxy(docker.socket);
  await asked(at(proxy.url, 'restart', 'hardRestart', 'start', 'stop', 'recreate'));
  expect(new Set(proxy.seen.map((line) => line.split(' ')[0]))).toEqual(new Set(['GET', 'POST', 'DELETE']));
  expect(await state()).toEqual(before);
});

describe('behind a proxy', () => {
  const allowed = [...new Set([...callsOf.restart, ...callsOf.recreate])];
  const proxied = async (...names: readonly CallName[]) => (await dockerProxy(docker.socket, names)).url;

  it('that lets through what is printed, and refuses what is printed, hale has all and no more', async () => {
    const url = await proxied(...allowed);
    expect(await asked(at(url, 'restart', 'recreate'))).toEqual([
      `ok ${url}: hale has ${allowed.length + refusedInCreate.length} rights that it needs`,
    ]);
  });

  it.each(allowed)('that does not let %s through, that call is missing, with who needs it', async (name) => {
    const url = await proxied(...allowed.filter((one) => one !== name));
    const troubles = (await asked(at(url, 'restart', 'recreate'))).filter((line) => line.startsWith('trouble'));
    const whom = (['restart', 'recreate'] as const).filter((word) => callsOf[word].includes(name)).map((word) => `shop/${word}`);
    expect(troubles).toEqual([expect.stringContaining(`missing for ${whom.join(', ')} (no permission`)]);
    expect(troubles[0]?.endsWith(`: ${callLine(name)}`)).toBe(true);
  });

  it('that lets more calls through, they are too much', async () => {
    const url = await proxied(...callsOf.restart, 'remove');
    expect(await asked(at(url, 'restart'))).toEqual([
      `ok ${url}: hale has ${callsOf.restart.length} rights that it needs`,
      `warning ${url}: more than the corrections need: it lets ${callLine('remove')} pass`,
    ]);
  });

  it.each(refusedInCreate)('that lets $field.1 pass in create, that is too much', async (one) => {
    const lenient = await dockerProxy(docker.socket, allowed, one);
    const lines = await asked(at(lenient.url, 'recreate', 'restart'));
    expect(lines.filter((line) => line.startsWith('warning'))).toEqual([expect.stringContaining(`with ${one.field.join('.')} `)]);
    expect(lines.join('\n')).not.toContain(refusalLine(one));
  });

  it('that minds in which letters a name is written, as docker does not, that is too much', async () => {
    const minding = await dockerProxy(docker.socket, allowed, undefined, (name) => name);
    const lines = await asked(at(minding.url, 'recreate', 'restart'));
    expect(lines.filter((line) => line.includes('with hostconfig.privileged true'))).toHaveLength(1);
  });

  it.each([
    ['PidMode', '^host$', 'container:shop'],
    ['IpcMode', '^host$', 'container:shop'],
    ['Binds', '^/(:|etc|proc|var/run)', '/var:/hale-asks'],
    ['Binds', '^/(:|etc|proc|var)', '//etc:/hale-asks'],
    ['Binds', '^//?(:|etc|proc|var)', '/srv/../etc:/hale-asks'],
    ['Mounts', '"Type":"bind"', 'DriverConfig'],
    ['MaskedPaths', '^$', '/hale-asks'],
  ])('that lets more values of %s pass than it should, %s, that is too much', async (field, values, passes) => {
    const name = ['HostConfig', field];
    const strict = refusedInCreate.find((one) => one.field.join() === name.join());
    const lenient = await dockerProxy(docker.socket, allowed, strict, undefined, [{ field: name, values, examples: [] }]);
    const warnings = (await asked(at(lenient.url, 'recreate', 'restart'))).filter((line) => line.startsWith('warning'));
    expect(warnings).toEqual([expect.stringContaining(passes)]);
  });

  it('that answers 404 to everything, nothing is taken for granted', async () => {
    const url = await serve((request, answer) => {
      const isVersion = request.url === '/version';
      answer.writeHead(isVersion ? 200 : 404, { 'content-type': 'application/json' });
      answer.end(JSON.stringify(isVersion ? { ApiVersion: '1.41' } : { message: 'page not found' }));
    });
    const lines = await asked(at(url, 'restart'));
    expect(lines[0]).toBe(`ok ${url}: hale has 1 right that it needs`);
    expect(lines.filter((line) => line.startsWith('trouble'))).toHaveLength(callsOf.restart.length - 1);
  });
});

describe('a docker that can not be asked', () => {
  it('because this user may not open its socket is missing', async () => {
    process.seteuid?.(65_534);
    onTestFinished(() => process.seteuid?.(0));
    const [first] = await asked(at(docker.url, 'restart')).finally(() => process.seteuid?.(0));
    expect(first).toMatch(/^trouble .*missing for shop\/restart \(no permission: this user may not open .*docker\.sock\): GET/);
  });

  it('because it is not there, or never answers, is unknown within seconds', async () => {
    const none = `unix://${join(docker.folder, 'none.sock')}`;
    expect(await asked(at(none, 'restart'))).toEqual([expect.stringMatching(/^unknown .*docker is unavailable: there is no socket/)]);
    const silent = await serve(() => undefined);
    const bounds = { eachMs: 300, allMs: 10_000 };
    expect(await asked(at(silent, 'restart'), { bounds })).toEqual([
      expect.stringMatching(/^unknown .*docker did not answer within 300 ms/),
    ]);
  });
});
