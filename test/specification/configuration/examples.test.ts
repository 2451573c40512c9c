import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadConfiguration } from '../../../adapters/configuration/load.js';
import { check, minimalFile, resolved } from '../../support/configuration.js';

const example = (name: string): string => fileURLToPath(new URL(`../../../examples/${name}`, import.meta.url));

test('the smallest useful file is accepted without a word', async () => {
  expect(await check({ 'hale.yaml': minimalFile })).toMatchObject({ kind: 'valid', warnings: [] });
});

test('the smallest useful file keeps its order and what it says', async () => {
  const { shop } = await resolved(minimalFile);
  expect(shop?.signals).toMatchObject([
    { name: 'up', kind: 'http', everyMs: 1000, timeoutMs: 900, measure: 'ok', expect: { status: 200, body: '^ok' } },
    { name: 'queue', kind: 'exec', everyMs: 5000, argv: ['/usr/local/bin/queue-length'], plugin: false },
  ]);
  expect(shop?.objectives).toMatchObject([{ name: 'up', signal: 'up', bound: { above: 0 }, forMs: 2000, holdMs: 10_000 }]);
  expect(shop?.corrections).toMatchObject([
    { name: 'last-good', mode: 'act', undo: 'restores', action: { kind: 'file', then: ['/usr/local/bin/shop-restart'] } },
    { name: 'restart', mode: 'act', undo: 'nothingToRestore', repeatable: true, action: { kind: 'exec' } },
  ]);
});

test('the example beside the documentation is the smallest useful file', async () => {
  expect(await readFile(example('hale.yaml'), 'utf8')).toBe(minimalFile);
});

test('the example fleet resolves, and what is not active is named', async () => {
  const loaded = await loadConfiguration(example('fleet.yaml'));
  if (loaded.kind === 'refused') throw new Error(JSON.stringify(loaded.errors));
  expect(loaded.fleet.services.map((service) => service.name)).toEqual(['checkout', 'pg-orders', 'edge-agent']);
  expect(loaded.fleet.notYetActive).toEqual(['classes.postgres.objectives.disk.warnAhead']);
});

test('a service changes single values of its class template', async () => {
  const loaded = await loadConfiguration(example('fleet.yaml'));
  if (loaded.kind === 'refused') throw new Error(JSON.stringify(loaded.errors));
  const checkout = loaded.fleet.services[0];
  expect(checkout?.objectives[0]).toMatchObject({ bound: { below: 0.01 }, forMs: 120_000, target: { ratio: 0.999 } });
  expect(checkout?.corrections.map(({ name, mode, holdMs }) => [name, mode, holdMs])).toEqual([
    ['wait', 'act', 120_000],
    ['undo-rollout', 'ask', 600_000],
    ['restart', 'act', 600_000],
  ]);
});
