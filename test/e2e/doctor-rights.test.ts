// Drives the built `hale doctor`, as root and as an account that may little, for a file and for the configuration that is active.
import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { storeConfiguration } from '../../adapters/postgres/configurations.js';
import { daysAhead, keepDays } from '../../adapters/postgres/samples.js';
import { configuredIn } from '../../client/cli/permissions/permissions.js';
import * as wire from '../../contracts/cli.js';
import type { Fleet } from '../../domain/service.js';
import { freePort } from '../../workers/stack/ports.js';
import { freshDatabase } from '../support/database.js';
import { dataOf, hale } from '../support/hale-command.js';

async function folderOf(configuration: string): Promise<{ readonly folder: string; readonly config: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'hale-rights-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await chmod(folder, 0o755);
  const config = join(folder, 'hale.yaml');
  await writeFile(config, `apiVersion: hale/v1\n${configuration.replaceAll('FOLDER', folder)}`);
  return { folder, config };
}

const fleetOf = async (config: string): Promise<Fleet> => ({
  environment: 'test',
  notYetActive: [],
  ...(await configuredIn(config)),
  version: 'v1',
});

const files = `services:
  shop:
    corrections:
      config: {file: FOLDER/shop.conf, restore: lastGood, then: [/bin/true], mode: act}
      reload: {http: 'http://127.0.0.1:9/reload', undo: nothingToRestore, mode: ask}
`;

test('a file that is not active yet is asked about, also where no hale runs', async () => {
  const { folder, config } = await folderOf(files);
  const ran = await hale(['doctor', '--config', config, '--state', join(folder, 'none')]);
  expect(ran.code).toBe(7);
  expect(ran.stdout).toMatch(/^trouble +database +no hale runs here/m);
  expect(ran.stdout).toMatch(/^ok +this machine +hale has 2 rights that it needs$/m);
  expect(ran.stdout).toMatch(/^not asked +http:\/\/127\.0\.0\.1:9 +only doing it would tell: POST http:\/\/127\.0\.0\.1:9\/reload$/m);
});

test('the configuration that is active is asked about where none is given', async () => {
  const { folder, config } = await folderOf(files.replaceAll('/bin/true', '/nowhere/true'));
  const { pool, url } = await freshDatabase();
  await storeConfiguration(pool, await fleetOf(config), config, 'test');
  const ran = await hale(['doctor', '--json', '--database', url, '--state', join(folder, 'none')]);
  expect(ran.code).toBe(7);
  expect(dataOf(wire.doctor, ran).checks.filter(({ name }) => name === 'this machine')).toEqual([
    { name: 'this machine', result: 'ok', sentence: 'hale has 1 right that it needs', command: null },
    {
      name: 'this machine',
      result: 'trouble',
      sentence: expect.stringMatching(/^missing for shop\/config \(there is no program .*\): run \/nowhere\/true$/) as unknown,
      command: null,
    },
  ]);
});

test('of a service whose instances a source finds, those are asked that were measured of late', async () => {
  const { folder, config } = await folderOf(`secrets: {key: {file: FOLDER/key}}
sources:
  vms: {ssh: {user: hale, key: key, knownHosts: FOLDER/known_hosts, port: ${await freePort()}}}
  prom: {prometheus: 'http://127.0.0.1:9'}
services:
  edge:
    instances: {source: prom, query: up, by: instance}
    target: {source: vms, host: $host, unit: edge.service}
    signals: {up: {source: prom, query: up, per: instance}}
    objectives: {up: {above: 0, for: 0s}}
    corrections: {restart: {systemd: restart, on: instance, mode: act}}
`);
  const { pool, url } = await freshDatabase();
  const now = Date.now();
  await keepDays(pool, daysAhead(now), now);
  await pool.query(`insert into samples (service, instance, signal, at, value) values ('edge', '127.0.0.1:9100', 'up', now(), 1)`);
  await storeConfiguration(pool, await fleetOf(config), config, 'test');
  const ran = await hale(['doctor', '--database', url, '--state', join(folder, 'none')]);
  expect(ran.stdout).toMatch(/^unknown +hale@127\.0\.0\.1 +ssh exited with 255.*Connection refused.*: the key of host/m);
});

test('it is asked as the account that runs it: one that may not write a folder is told so', async ({ skip }) => {
  if (process.getuid?.() !== 0) return skip('only root can run a program as another account');
  const { folder, config } = await folderOf(files);
  await writeFile(join(folder, 'shop.conf'), 'good');
  const launcher = fileURLToPath(new URL('../../bin/hale.mjs', import.meta.url));
  const account = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
  const words = [...account, process.execPath, launcher, 'doctor', '--config', config, '--state', join(folder, 'none')];
  const asNobody = () => spawnSync('setpriv', words, { encoding: 'utf8', env: { PATH: process.env.PATH } });
  if (/EACCES|Cannot find module/.test(asNobody().stderr)) return skip('another account can not read this folder');
  expect(asNobody().stdout).toMatch(/missing for shop\/config \(it belongs to user 0, to whom nobody can't give its copy back\)/);
  await rm(join(folder, 'shop.conf'));
  expect(asNobody().stdout).toContain(`missing for shop/config (nobody may not write ${folder}): write ${folder}/shop.conf`);
  await chmod(folder, 0o777);
  expect(asNobody().stdout).toMatch(/ok +this machine +hale has 2 rights/);
});

test('a configuration that is refused is not asked about', async () => {
  const { folder, config } = await folderOf('services: {a: {b: 1}}\n');
  const ran = await hale(['doctor', '--config', config, '--state', join(folder, 'none')]);
  expect(ran).toMatchObject({ code: 2, stdout: '' });
  expect(ran.stderr).toContain('services.a.b');
});
