// What an administrator is told to grant, from the file alone.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as wire from '../../contracts/cli.js';
import { dataOf, failureOf, hale } from '../support/hale-command.js';

const configuration = `apiVersion: hale/v1
secrets: {key: {file: /run/secrets/key}, pg: {file: /run/secrets/pg}}
sources:
  vms: {ssh: {user: hale, key: key, knownHosts: /etc/hale/known_hosts}}
  dock: {docker: 'unix:///var/run/docker.sock'}
  eu: {kubernetes: inCluster, namespaces: [shop]}
services:
  web:
    target: {source: eu, deployment: shop/web}
    corrections: {restart: {kubernetes: rolloutRestart, mode: act}}
  shop:
    target: {source: dock, container: shop}
    corrections:
      restart: {docker: restart, mode: act}
      config: {file: /etc/shop.conf, restore: lastGood, then: [/usr/bin/shop-restart], mode: ask}
      reload: {http: 'http://127.0.0.1:9/reload', undo: nothingToRestore, mode: act}
      seen: {exec: [/bin/true], undo: nothingToRestore}
  edge:
    instances: ['edge-1:9100', 'edge-2:9100']
    target: {source: vms, host: $host, unit: edge.service}
    corrections: {restart: {systemd: restart, on: instance, mode: act}}
  pg:
    target: {postgres: [db.internal], user: hale, password: pg}
    corrections:
      end: {postgres: terminateRootBlocker, mode: act}
      memory: {postgres: setting, name: work_mem, value: 64MB, mode: act}
`;

let folder: string;
let config: string[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hale-permissions-'));
  config = ['permissions', '--config', join(folder, 'hale.yaml')];
  await writeFile(join(folder, 'hale.yaml'), configuration);
});
afterAll(() => rm(folder, { recursive: true }));

const linesAt = async (where: string): Promise<string[]> =>
  dataOf(wire.permissions, await hale([...config, '--json']))
    .permissions.filter((one) => one.where === where)
    .map((one) => `${one.line} | ${one.for.join(' ')}`);

test('a role of PostgreSQL gets the grants of its statements, each once, with whom they are for', async () => {
  expect(await linesAt('postgres://hale@db.internal:5432/postgres')).toEqual([
    'grant pg_monitor to hale; | pg/end pg/memory',
    'grant pg_signal_backend to hale; | pg/end',
    'grant alter system on parameter work_mem to hale; | pg/memory',
    'grant execute on function pg_reload_conf() to hale; | pg/memory',
    'grant execute on function pg_show_all_file_settings() to hale; | pg/memory',
    'grant select on pg_file_settings to hale; | pg/memory',
  ]);
});

test('a Role gets the verbs of its corrections alone', async () => {
  expect(await linesAt('Role in namespace shop of this cluster')).toEqual([
    '{apiGroups: ["apps"], resources: [deployments], verbs: [get]} | web/restart',
    '{apiGroups: ["apps"], resources: [deployments], verbs: [patch]} | web/restart',
  ]);
});

test('a container that is only restarted needs no right to create one', async () => {
  const calls = await linesAt('unix:///var/run/docker.sock');
  expect(calls.some((line) => line.startsWith('POST') && line.includes('/restart$'))).toBe(true);
  expect(calls.filter((line) => /create|kill|rename|DELETE/.test(line))).toEqual([]);
});

test('each machine allows its own units through a forced command, and sudo for them', async () => {
  expect(await linesAt('hale@edge-2')).toEqual([
    'the key of host edge-2 in /etc/hale/known_hosts, where hale runs | edge/restart',
    expect.stringMatching(
      /^install .* hale-remote \/usr\/local\/lib\/hale\/hale-remote # .*hale permissions --script edge-2 .*\| edge\/restart$/,
    ),
    'install -d -o hale -m 700 /var/lib/hale-remote | edge/restart',
    'command="/usr/local/lib/hale/hale-remote",restrict $(ssh-keygen -y -f /run/secrets/key) | edge/restart',
    'hale ALL=(root) NOPASSWD: /usr/bin/systemctl --no-ask-password restart -- edge.service | edge/restart',
    'hale ALL=(root) NOPASSWD: /usr/bin/systemctl --no-ask-password reset-failed -- edge.service | edge/restart',
  ]);
  const { stdout } = await hale([...config, '--script', 'edge-2']);
  expect(stdout).toContain("allowed='\nsystemd restart edge.service\n'");
  execFileSync('sh', ['-n'], { input: stdout });
});

test('what only observes needs nothing, and is said', async () => {
  expect(await linesAt('this machine')).toEqual([
    'write /etc/shop.conf and files beside it | shop/config',
    'run /usr/bin/shop-restart | shop/config',
  ]);
  expect((await hale(config)).stderr).toContain('1 corrections only observe');
});

test('a service or a machine that is not there is named with those that are', async () => {
  expect(failureOf(await hale([...config, '--service', 'nosuch', '--json']))).toMatchObject({
    code: 'notFound',
    hint: 'there are: web, shop, edge, pg',
  });
  expect(failureOf(await hale([...config, '--script', 'nosuch', '--json']))).toMatchObject({
    code: 'notFound',
    hint: 'there are: edge-1, edge-2',
  });
  await writeFile(join(folder, 'broken.yaml'), 'apiVersion: hale/v1\nservices: {a: {b: 1}}\n');
  expect((await hale(['permissions', '--config', join(folder, 'broken.yaml')])).code).toBe(2);
});
