// Docker is not needed here: what can be wrong in these two files without being noticed is read from them.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const read = (name: string): string => readFileSync(fileURLToPath(new URL(`../../${name}`, import.meta.url)), 'utf8');

const serviceSchema = z.object({
  image: z.string(),
  restart: z.string(),
  environment: z.record(z.string(), z.string()).default({}),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  configs: z.array(z.object({ source: z.string(), target: z.string() })).default([]),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  healthcheck: z.unknown().optional(),
});
const text = read('docker-compose.yml');
const compose = z
  .object({
    services: z.record(z.string(), serviceSchema),
    configs: z.record(z.string(), z.object({ content: z.string() })),
    volumes: z.record(z.string(), z.null()),
  })
  .parse(parse(text, { merge: true }));
const services = Object.entries(compose.services);
const stages = read('Dockerfile')
  .split(/^FROM /m)
  .slice(1);

test('every image is pinned to a version and none is a dead one', () => {
  const images = [...services.map(([, { image }]) => image), ...stages.map((stage) => stage.split(/\s/)[0] ?? '')];
  expect(images.filter((image) => !/:\d+\.\d+(\.\d+)?(-bookworm(-slim)?)?$/.test(image))).toEqual([]);
  expect(images.filter((image) => image.includes('auto-setup') || image.includes('alpine'))).toEqual([]);
});

test('supply chain: no password stands in the file, and one that is missing stops the start', () => {
  const secrets = services.flatMap(([, { environment }]) => Object.entries(environment).filter(([name]) => /PASSWORD|PWD|URL/.test(name)));
  expect(secrets.length).toBeGreaterThan(4);
  expect(secrets.filter(([, value]) => !/\$\{[A-Z_]+:\?.+\}/.test(value))).toEqual([]);
});

test('ports are open to this machine only', () => {
  expect(services.flatMap(([, { ports }]) => ports).filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
});

test('history shards are set, since they can never be changed', () => {
  expect(compose.services.temporal?.environment.NUM_HISTORY_SHARDS).toBe('512');
});

test('whoever is waited for can be waited for', () => {
  const waits = services.flatMap(([, { depends_on }]) => Object.entries(depends_on));
  const oneShot = (name: string): boolean => compose.services[name]?.restart.startsWith('on-failure') ?? false;
  const wrong = waits.filter(([name, { condition }]) =>
    condition === 'service_healthy'
      ? compose.services[name]?.healthcheck === undefined
      : condition !== 'service_completed_successfully' || !oneShot(name),
  );
  expect(wrong).toEqual([]);
});

test('two hales run on the same servers, each with a state of its own', () => {
  const hales = services.filter(([name]) => name.startsWith('hale-'));
  expect(hales.length).toBe(2);
  expect(new Set(hales.map(([, { environment }]) => JSON.stringify(environment))).size).toBe(1);
  const volumes = hales.map(([, hale]) => hale.volumes.find((volume) => volume.endsWith(':/var/lib/hale'))?.split(':')[0] ?? '');
  expect(new Set(volumes)).toEqual(new Set(Object.keys(compose.volumes).filter((name) => name.startsWith('hale-'))));
});

test.each(Object.keys(compose.configs).filter((name) => name !== 'temporal-settings'))(
  'the script %s is valid shell and uses no unset name',
  (name) => {
    const script = compose.configs[name]?.content.replaceAll('$$', '$') ?? '';
    expect(spawnSync('/bin/sh', ['-n'], { input: script, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
    const set = [...script.matchAll(/\b([a-z_]+)=|for ([a-z_]+) in/g)].flatMap(([, assigned, looped]) => assigned ?? looped ?? []);
    const given = services
      .filter(([, { configs }]) => configs.some(({ source }) => source === name))
      .flatMap(([, { environment }]) => Object.keys(environment));
    const used = [...script.matchAll(/\$\{?([A-Za-z_]+)/g)].map(([, variable]) => variable ?? '');
    expect(used.filter((variable) => !set.includes(variable) && !given.includes(variable))).toEqual([]);
  },
);

test('the image runs as an ordinary user, without lab, compiler and embedded servers', () => {
  const [build = '', image = ''] = stages;
  expect(image).toMatch(/^USER 1000:1000$/m);
  expect(build).toContain('rm -rf lab && node scripts/build.mjs');
  expect(build).toContain('npm prune --omit=dev');
  expect(image.match(/^COPY .*$/gm)?.filter((line) => !line.startsWith('COPY --from=build'))).toEqual([]);
  expect(image).not.toMatch(/COPY .* (\.|lab|test)\s*$/m);
});
