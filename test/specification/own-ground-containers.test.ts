// What hale stands on, where that is in containers of a real docker.
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { standingOf } from '../../adapters/docker/standing.js';
import { ownGround } from '../../adapters/ground/own-ground.js';
import { freePort } from '../../workers/stack/ports.js';
import { aimed, type Aimed } from '../support/containers.js';
import { images, startDockerd, type Dockerd } from '../support/dockerd.js';
import { freshFolder } from '../support/knob.js';
import { listen } from '../support/listen.js';

let docker: Dockerd;
beforeAll(async () => void (docker = await startDockerd()));
afterAll(() => docker.stop());

const ownOf = (one: Aimed, servers: Readonly<Record<string, string>>, process = globalThis.process.pid): Promise<string | undefined> =>
  ownGround({
    database: async () => undefined,
    servers,
    folders: {},
    process,
    processOf: async () => undefined,
    standingOf,
  }).ownOf(one.target, '');

const pidOf = async ({ name }: Aimed): Promise<number> => (await docker.client.getContainer(name).inspect()).State.Pid;

test('a container is hale`s server where its published port is', async () => {
  const published = { ExposedPorts: { '5432/tcp': {} }, HostConfig: { PortBindings: { '5432/tcp': [{ HostIp: '', HostPort: '15432' }] } } };
  const one = await aimed(docker, 'restart', { config: published });
  expect(await ownOf(one, { PostgreSQL: '127.0.0.1:15432' })).toBe('PostgreSQL');
  expect(await ownOf(one, { PostgreSQL: '127.0.0.1:5432', Temporal: '192.0.2.1:15432' })).toBeUndefined();
});

test('a container is hale`s server where its own address is', async () => {
  const network = await docker.client.createNetwork({ Name: 'ground', Driver: 'bridge' });
  const one = await aimed(docker, 'restart', { config: { HostConfig: { NetworkMode: 'ground' } } });
  const container = docker.client.getContainer(one.name);
  const { IPAddress = '' } = (await container.inspect()).NetworkSettings.Networks.ground ?? {};
  expect(await ownOf(one, { Temporal: `${IPAddress}:7233` })).toBe('Temporal');
  expect(await ownOf(one, { Temporal: '192.0.2.1:7233' })).toBeUndefined();
  await container.remove({ force: true });
  await network.remove();
});

test('a container with the network of the machine is hale`s server where one of its processes listens', async () => {
  const port = await freePort();
  const web = ['/bin/busybox', 'httpd', '-f', '-p', `127.0.0.1:${port}`, '-h', '/www'];
  const one = await aimed(docker, 'restart', { config: { Cmd: web, HostConfig: { NetworkMode: 'host' } } });
  await expect
    .poll(() =>
      fetch(`http://127.0.0.1:${port}/health`).then(
        ({ ok }) => ok,
        () => false,
      ),
    )
    .toBe(true);
  expect(await ownOf(one, { 'web server': `127.0.0.1:${port}` })).toBe('web server');
  const elsewhere = await listen(createServer());
  expect(await ownOf(one, { 'web server': `127.0.0.1:${elsewhere}` })).toBeUndefined();
});

test('a container is hale itself where hale runs in it', async () => {
  const one = await aimed(docker, 'restart');
  expect(await ownOf(one, {}, await pidOf(one))).toBe('program');
  expect(await ownOf(one, {})).toBeUndefined();
});

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const program = `import { readFileSync, writeFileSync } from 'node:fs';
import { ownInContainer } from ${JSON.stringify(join(root, 'dist/adapters/ground/containers.js'))};
const asked = (id) => ownInContainer({ id, pid: 0, host: 'localhost', published: [], addresses: [] }, process.pid, {});
writeFileSync('/told/said', JSON.stringify([await asked(readFileSync('/told/id', 'utf8')), await asked('f'.repeat(64))]));`;

test.each([{}, { Hostname: 'another-name' }])('hale in a container knows that container, and no other: %j', async (name) => {
  const told = await freshFolder();
  const seen = ['/usr', '/lib', '/lib64', root, dirname(process.execPath)].filter((path) => existsSync(path));
  const container = await docker.client.createContainer({
    ...name,
    Image: images.v1,
    Cmd: [process.execPath, '--input-type=module', '-e', program],
    HostConfig: { NetworkMode: 'none', Binds: [...[...new Set(seen)].map((path) => `${path}:${path}:ro`), `${told}:/told`] },
  });
  await writeFile(join(told, 'id'), container.id);
  await container.start();
  expect(await container.wait()).toMatchObject({ StatusCode: 0 });
  expect(JSON.parse(await readFile(join(told, 'said'), 'utf8'))).toEqual(['program', null]);
});

test('nobody can tell where docker does not answer', async () => {
  const one = await aimed(docker, 'restart');
  const gone = { ...one, target: { ...one.target, action: { ...one.target.action, pick: { container: 'nobody' } } } };
  expect(await ownOf(gone, { PostgreSQL: '127.0.0.1:5432' })).toBeUndefined();
});
