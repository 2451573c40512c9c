// Drives `hale up` as a person or a machine would: starts, kills, stops and starts it again.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import { identify } from '../../workers/stack/process-identity.js';
import { readRun } from '../../workers/stack/run-file.js';
import { hale as runHale } from '../support/hale-command.js';
import { HaleUp, quietConfiguration, stateFolder } from '../support/hale-up.js';

const limit = { timeout: 120_000 };

test('a start brings up everything, and SIGTERM leaves nothing running', limit, async () => {
  const hale = new HaleUp(stateFolder());
  await hale.says('hale is up');
  const { processes, temporal, database } = hale.run();
  expect(processes.map(({ role }) => role).sort()).toEqual(['cycles-1', 'main', 'postgres', 'temporal', 'watch-1', 'web']);
  expect((await fetch(temporal?.ui ?? '')).status).toBe(200);
  expect(await migrations(database?.url)).toBeGreaterThan(0);

  process.kill(hale.pidOf('main'), 'SIGTERM');
  expect(await hale.ended).toBe(0);
  expect(processes.filter(({ pid }) => identify(pid) !== undefined)).toEqual([]);
  expect(readRun(hale.state)).toBeUndefined();
});

test('after kill -9 of hale alone the next start adopts its servers', limit, async () => {
  const killed = new HaleUp(stateFolder());
  await killed.says('hale is up');
  const before = { postgres: killed.pidOf('postgres'), temporal: killed.pidOf('temporal'), worker: killed.pidOf('cycles-1') };
  process.kill(killed.pidOf('main'), 'SIGKILL');
  await killed.ended;

  const hale = new HaleUp(killed.state);
  await hale.says('hale is up');
  expect({ postgres: hale.pidOf('postgres'), temporal: hale.pidOf('temporal') }).toMatchObject({
    postgres: before.postgres,
    temporal: before.temporal,
  });
  expect(hale.pidOf('cycles-1')).not.toBe(before.worker);
  expect(identify(before.worker)).toBeUndefined();
});

test('after kill -9 of everything the next start has the same data', limit, async () => {
  const killed = new HaleUp(stateFolder());
  await killed.says('hale is up');
  await query(killed.run().database?.url, 'create table kept as select 42 as n');
  for (const { pid } of killed.run().processes) process.kill(pid, 'SIGKILL');
  await killed.ended;

  const hale = new HaleUp(killed.state);
  await hale.says('hale is up');
  expect(await query(hale.run().database?.url, 'select n from kept')).toEqual([{ n: 42 }]);
  expect(hale.run().database?.url).toBe(killed.run().database?.url);
});

test('a worker that is stopped is replaced by one that polls', limit, async () => {
  const hale = new HaleUp(stateFolder());
  await hale.says('hale is up');
  const frozen = hale.pidOf('cycles-1');
  process.kill(frozen, 'SIGSTOP');
  await hale.says(/cycles-1 has been frozen for 3\.\d s; ending it with SIGKILL/);
  await hale.says('cycles-1 is back');
  expect(hale.pidOf('cycles-1')).not.toBe(frozen);
});

test('a second hale on the same folder is refused, beside it is welcome', limit, async () => {
  const first = new HaleUp(stateFolder());
  await first.says('hale is up');
  const same = new HaleUp(first.state);
  expect(await same.ended).toBe(6);
  expect(same.output).toContain(`another hale runs as process ${first.pidOf('main')}`);
  const detached = await runHale(['up', '--config', join(first.state, 'hale.yaml'), '--state', first.state, '--detach']);
  expect(detached).toMatchObject({ code: 6, stderr: expect.stringContaining('another hale runs') as string });
  const beside = new HaleUp(stateFolder());
  await beside.says('hale is up');
});

test('a broken configuration changes nothing while hale runs, and a good one is taken up', limit, async () => {
  const hale = new HaleUp(stateFolder());
  await hale.says('hale is up');
  const file = join(hale.state, 'hale.yaml');
  writeFileSync(file, 'services: [');
  await hale.says('the configuration is broken, the one before it stays in force');
  const versions = 'select version from current_configuration';
  const [before] = await query(hale.run().database?.url, versions);
  writeFileSync(file, quietConfiguration.replace('10s', '20s'));
  await hale.says(/is in force[^]*is in force/);
  expect(await query(hale.run().database?.url, versions)).not.toEqual([before]);
});

test('a start with a broken configuration ends with its place and exit code 2', limit, async () => {
  const refused = new HaleUp(stateFolder(), [], 'apiVersion: hale/v1\nservices: {shop: {signls: {}}}\n');
  expect(await refused.ended).toBe(2);
  expect(refused.output).toMatch(/hale\.yaml:2:\d+.*signls/);
});

const migrations = async (url: string | undefined): Promise<number> => (await query(url, 'select * from migrations')).length;

async function query(url: string | undefined, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
