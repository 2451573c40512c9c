import { expect, test } from 'vitest';
import { problemText } from '../../../contracts/configuration/problem.js';
import { check, complaints, resolved } from '../../support/configuration.js';

const sources = `apiVersion: hale/v1
secrets: {dock-seal: {env: PATH}}
sources:
  dock: {docker: 'unix:///var/run/docker.sock', seal: dock-seal}
  filtered: {docker: 'http://127.0.0.1:2375/'}
  web: {prometheus: 'http://prom:9090'}
`;
const service = (target: string, fix: string, head = sources): string => `${head}services:
  shop:
    signals: {up: {http: 'http://127.0.0.1:1/health', every: 1s}}
    objectives: {up: {above: 0}}
    target: ${target}
    corrections: {fix: ${fix}}
`;
const correctionOf = async (target: string, fix: string) => (await resolved(service(target, fix))).shop?.corrections[0];
const shop = '{source: dock, container: shop}';

test.each([
  ['{docker: restart, memory: 5MiB}', 'fix.memory: means nothing beside docker: restart; allowed: beside docker: limits'],
  ['{docker: restart, cpus: 0.001}', 'fix.cpus: means nothing beside docker: restart; allowed: beside docker: limits'],
  ['{docker: limits, memory: 12}', 'fix.memory: is 12; allowed: an amount of bytes with its unit KiB, MiB, GiB or TiB, such as 512MiB'],
])('a limit is said to be wrong in one way, and in the one that helps: %s', async (fix, sentence) => {
  expect(await complaints(service(shop, fix))).toEqual([expect.stringContaining(sentence)]);
});

test('a container is corrected by its name or by a label, at the docker that the target names', async () => {
  const source = { name: 'dock', url: 'unix:///var/run/docker.sock', seal: { env: 'PATH' } };
  expect(await correctionOf(shop, '{docker: restart}')).toMatchObject({
    undo: 'nothingToRestore',
    action: { kind: 'docker', operation: 'restart', source, pick: { container: 'shop' }, stopWithinMs: 10_000 },
  });
  const label = '{source: filtered, label: com.docker.compose.service=shop}';
  expect(await correctionOf(label, '{docker: stop, stopWithin: 1m, timeout: 65s}')).toMatchObject({
    undo: 'restores',
    action: { source: { url: 'http://127.0.0.1:2375' }, pick: { label: 'com.docker.compose.service=shop' }, stopWithinMs: 60_000 },
  });
});

test.each([
  ['restart', 'nothingToRestore'],
  ['hardRestart', 'nothingToRestore'],
  ['start', 'restores'],
  ['stop', 'restores'],
  ['recreate, restore: lastGood', 'restores'],
  ['limits, memory: 512MiB', 'restores'],
])('what undoing means is a fact of docker: %s', async (operation, undo) => {
  expect(await correctionOf(shop, `{docker: ${operation}}`)).toMatchObject({ undo });
  expect((await complaints(service(shop, `{docker: ${operation}, undo: loses}`))).join()).toContain(`says loses, but docker ${undo}`);
});

test('limits are bytes and CPUs', async () => {
  expect(await correctionOf(shop, `{docker: limits, memory: 512MiB, cpus: '1.5'}`)).toMatchObject({
    action: { operation: 'limits', memoryBytes: 536_870_912, cpus: 1.5 },
  });
  expect(await correctionOf(shop, '{docker: limits, cpus: 2}')).toMatchObject({ action: { cpus: 2 } });
});

test('a recreation without a seal is allowed, and warned of', async () => {
  const warned = async (source: string): Promise<string> => {
    const checked = await check({ 'hale.yaml': service(`{source: ${source}, container: shop}`, '{docker: recreate}') });
    return checked.kind === 'refused' ? 'refused' : checked.warnings.map(problemText).join('\n');
  };
  expect(await warned('filtered')).toContain('sources.filtered has no seal: it can only go back to a container that docker still has');
  expect(await warned('dock')).not.toContain('has no seal');
});

test.each([
  [shop, '{docker: restart, stopWithin: 30s}', 'is 30s; allowed: at least 35s, since stopWithin is 30s'],
  [shop, '{docker: restart, timeout: 12s}', 'is 12s; allowed: at least 15s, since stopWithin is 10s'],
  [shop, '{docker: reboot}', 'restart, hardRestart, start, stop, recreate, limits'],
  [shop, '{docker: limits}', 'names no limit; allowed: memory: 512MiB, cpus: 1.5, or both'],
  [shop, '{docker: restart, memory: 512MiB}', 'means nothing beside docker: restart; allowed: beside docker: limits'],
  [shop, '{docker: limits, memory: 512MB}', 'with its unit KiB, MiB, GiB or TiB, such as 512MiB'],
  [shop, '{docker: limits, memory: 1KiB}', 'fix.memory: is 1KiB; allowed: from 6MiB to 64TiB, such as 512MiB'],
  [shop, '{docker: limits, memory: 65TiB}', 'fix.memory: is 65TiB; allowed: from 6MiB to 64TiB'],
  [shop, '{docker: limits, cpus: 0.001}', 'fix.cpus: is 0.001; allowed: from 0.01 to 1024 CPUs, such as 1.5'],
  [shop, '{docker: limits, cpus: 1025}', 'fix.cpus: is 1025; allowed: from 0.01 to 1024 CPUs'],
  [shop, '{docker: limits, cpus: many}', 'a number of CPUs, such as 1.5'],
  [shop, '{docker: recreate, restore: previous}', 'is previous; allowed beside docker: lastGood'],
  [shop, '{docker: restart, restore: lastGood}', 'means nothing beside docker: restart; allowed: beside docker: recreate'],
  [
    '{source: dock}',
    '{docker: restart}',
    'names no container; allowed: one of container: NAME and label: KEY=VALUE (an empty selector selects nothing)',
  ],
  ['{source: dock, container: shop, label: a=b}', '{docker: restart}', 'names a container and a label'],
  ['{source: dock, container: ""}', '{docker: restart}', 'the name of a container, such as shop'],
  ['{source: dock, container: "../create"}', '{docker: restart}', 'the name of a container, such as shop'],
  ['{source: dock, label: tier}', '{docker: restart}', 'a label with its value'],
  ['{source: dock, label: "tier="}', '{docker: restart}', 'a label with its value'],
  ['{source: dok, container: shop}', '{docker: restart}', 'unknown docker source "dok"; did you mean dock?'],
  ['{source: web, container: shop}', '{docker: restart}', 'unknown docker source "web"'],
  [
    '{container: shop}',
    '{docker: restart}',
    "names no docker; allowed: target: {source: dock, container: shop}, with sources: {dock: {docker: 'unix:",
  ],
])('of target %s, %s is refused with what is allowed', async (target, fix, says) => {
  expect((await complaints(service(target, fix))).join('\n')).toContain(says);
});

test.each([
  '/var/run/docker.sock',
  'unix://run/docker.sock',
  'tcp://10.0.0.1:2375',
  'ssh://root@web-1',
  'http://user:pass@proxy:2375',
  'http://proxy:2375/v1',
])('an engine is reached by its socket, or by a proxy before it, and not by %s', async (url) => {
  const file = service(shop, '{docker: restart}', sources.replace('unix:///var/run/docker.sock', url));
  expect((await complaints(file)).join('\n')).toContain("unix:///PATH of docker's socket, or http(s)://HOST:PORT of a proxy before it");
});
