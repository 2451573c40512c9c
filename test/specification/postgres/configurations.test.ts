import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfiguration } from '../../../adapters/configuration/load.js';
import { postgresConfigurations, storeConfiguration } from '../../../adapters/postgres/configurations.js';
import { ConfigurationFile } from '../../../workers/stack/configuration.js';
import { minimalFile } from '../../support/configuration.js';
import { freshDatabase } from '../../support/database.js';

async function load(text: string) {
  const folder = await mkdtemp(join(tmpdir(), 'hale-configuration-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'hale.yaml'), text);
  return loadConfiguration(join(folder, 'hale.yaml'));
}

async function loadFleet(text: string) {
  const loaded = await load(text);
  if (loaded.kind === 'refused') throw new Error(JSON.stringify(loaded.errors));
  return loaded.fleet;
}

test('before the first configuration was accepted there is no current one', async () => {
  const { pool } = await freshDatabase();
  expect(await postgresConfigurations(pool).current()).toBeUndefined();
});

test('what was stored last is current, and earlier versions stay readable', async () => {
  const { pool } = await freshDatabase();
  const configurations = postgresConfigurations(pool);
  const first = await loadFleet(minimalFile);
  const second = await loadFleet(minimalFile.replace('hold: 10s', 'hold: 20s'));
  for (const fleet of [first, second]) await storeConfiguration(pool, fleet, 'hale.yaml', 'test');
  expect(await configurations.current()).toEqual(second);
  expect(await configurations.byVersion(first.version)).toEqual(first);
});

test('storing an earlier version again makes it current once more', async () => {
  const { pool } = await freshDatabase();
  const first = await loadFleet(minimalFile);
  const second = await loadFleet(minimalFile.replace('hold: 10s', 'hold: 20s'));
  for (const fleet of [first, second, first]) await storeConfiguration(pool, fleet, 'hale.yaml', 'test');
  expect(await postgresConfigurations(pool).current()).toEqual(first);
});

test('the ledger says each time another configuration came into force, and from where', async () => {
  const { pool } = await freshDatabase();
  const first = await loadFleet(minimalFile);
  const second = await loadFleet(minimalFile.replace('hold: 10s', 'hold: 20s'));
  for (const fleet of [first, first, second, first]) await storeConfiguration(pool, fleet, 'hale.yaml', 'test');
  const { rows } = await pool.query<{ body: string }>('select body from events order by seq');
  const told = rows.map(({ body }) => JSON.parse(body) as { kind: string; data: { version: string } });
  expect(told.map(({ kind, data }) => [kind, data.version])).toEqual(
    [first, second, first].map(({ version }) => ['configuration.activated', version]),
  );
  expect(told[0]?.data).toMatchObject({ source: 'hale.yaml', by: 'test', services: 1 });
});

test('the version depends on what the file means, not on how it is written', async () => {
  const original = await loadFleet(minimalFile);
  const rewritten = await loadFleet(
    minimalFile.replace('every: 1s, timeout: 900ms', 'timeout: 900ms, every: 1000ms').replaceAll('\n', '\r\n'),
  );
  const changed = await loadFleet(minimalFile.replace('above: 0', 'above: 1'));
  expect(rewritten.version).toBe(original.version);
  expect(changed.version).not.toBe(original.version);
  expect(original.version).toMatch(/^[0-9a-f]{12}$/);
});

test('row 8: a broken reload keeps the old configuration and says so once', async () => {
  const { pool } = await freshDatabase();
  const said: string[] = [];
  const folder = await mkdtemp(join(tmpdir(), 'hale-configuration-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'hale.yaml');
  await writeFile(path, minimalFile);
  const file = new ConfigurationFile(path, pool, (sentence) => void said.push(sentence));
  await file.load();
  const before = await postgresConfigurations(pool).current();

  await writeFile(path, minimalFile.replace('above: 0', 'abve: 0'));
  file.reload();
  file.reload();
  await expect.poll(() => said.length).toBe(2);
  expect(said[1]).toContain('hale.yaml:8:12 services.shop.objectives.up.abve: unknown key');
  expect(await postgresConfigurations(pool).current()).toEqual(before);

  await writeFile(path, minimalFile.replace('above: 0', 'above: 1'));
  file.reload();
  await expect.poll(() => said.length).toBe(3);
  expect(await postgresConfigurations(pool).current()).not.toEqual(before);
  expect(await postgresConfigurations(pool).byVersion(before?.version ?? '')).toEqual(before);
});
