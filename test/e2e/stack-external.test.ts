// Drives `hale up` on a PostgreSQL and a Temporal server that it does not run itself.
import { TestWorkflowEnvironment } from '@temporalio/testing';
import pg from 'pg';
import { expect, inject, onTestFinished, test } from 'vitest';
import { searchAttributeTypes } from '../../contracts/names.js';
import { freshDatabase } from '../support/database.js';
import { debianPostgres, startDebianPostgres } from '../support/debian-postgres.js';
import { freePort } from '../../workers/stack/ports.js';
import { HaleUp, stateFolder } from '../support/hale-up.js';

const limit = { timeout: 120_000 };

/** A server that knows nothing of hale yet. */
async function temporal(flags: readonly string[] = []): Promise<TestWorkflowEnvironment> {
  const environment = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'existing-path', path: inject('temporalCli') }, extraArgs: [...flags] },
  });
  onTestFinished(() => environment.teardown());
  return environment;
}

test('on given servers only workers are started, as many as asked for', limit, async () => {
  const { connection, address } = await temporal();
  const { url } = await freshDatabase();
  const hale = new HaleUp(stateFolder(), ['--temporal', address, '--database', url, '--workers', '2']);
  await hale.says('hale is up');
  const { processes, temporal: target, database } = hale.run();
  expect(processes.map(({ role }) => role).sort()).toEqual(['cycles-1', 'cycles-2', 'main', 'watch-1', 'watch-2', 'web']);
  expect({ target, database }).toEqual({ target: { address, namespace: 'default', ui: null }, database: { url } });
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'default' });
  expect(Object.keys(customAttributes ?? {})).toEqual(expect.arrayContaining(Object.keys(searchAttributeTypes)));
});

test('a PostgreSQL of the distribution carries hale as well', limit, async ({ skip }) => {
  const bin = debianPostgres();
  if (bin === undefined) return skip('no PostgreSQL under /usr/lib/postgresql: apt-get install postgresql');
  const { address } = await temporal();
  const { url, stop } = startDebianPostgres(bin, await freePort());
  onTestFinished(stop);
  const hale = new HaleUp(stateFolder(), ['--temporal', address, '--database', url, '--workers', '2']);
  await hale.says('hale is up');
  // A worker that dies is replaced here as it is on embedded servers.
  const killed = hale.pidOf('cycles-2');
  process.kill(killed, 'SIGKILL');
  await hale.says('cycles-2 is back');
  expect(hale.pidOf('cycles-2')).not.toBe(killed);
});

test('two hales on the same servers watch with one watch and stay apart', limit, async () => {
  const { connection, address } = await temporal();
  const { url } = await freshDatabase();
  const given = ['--temporal', address, '--database', url];
  const hales = [new HaleUp(stateFolder(), given), new HaleUp(stateFolder(), given)];
  await Promise.all(hales.map((hale) => hale.says('hale is up')));
  const running = async (): Promise<unknown> => {
    const query = 'ExecutionStatus="Running"';
    const { executions } = await connection.workflowService.listWorkflowExecutions({ namespace: 'default', query });
    return executions?.map(({ execution }) => execution?.workflowId);
  };
  await expect.poll(running, { timeout: 20_000 }).toEqual(['watch/0']);
});

test('a Temporal server that lacks attributes is left with the command to run', limit, async () => {
  const { address } = await temporal(Array.from({ length: 8 }, (_, index) => ['--search-attribute', `Other${index}=Keyword`]).flat());
  const { url } = await freshDatabase();
  const hale = new HaleUp(stateFolder(), ['--temporal', address, '--database', url]);
  expect(await hale.ended).toBe(5);
  expect(hale.output).toContain('temporal operator search-attribute create --namespace default --name HaleService --type Keyword');
  expect(hale.output).toContain(`--address ${address}`);
});

test('servers that can not be reached are named, with exit code 5, and without a password', limit, async () => {
  const { url } = await freshDatabase();
  const noTemporal = new HaleUp(stateFolder(), ['--temporal', '127.0.0.1:1', '--database', url]);
  expect(await noTemporal.ended).toBe(5);
  expect(noTemporal.output).toContain("hale up: Temporal can't be reached at 127.0.0.1:1");

  const { address } = await temporal();
  const noDatabase = new HaleUp(stateFolder(), ['--temporal', address, '--database', 'postgres://hale:secret@127.0.0.1:1/hale']);
  expect(await noDatabase.ended).toBe(5);
  expect(noDatabase.output).toContain("hale up: PostgreSQL can't be used at 127.0.0.1:1/hale (");
  expect(noDatabase.output).not.toContain('secret');

  const noUrl = new HaleUp(stateFolder(), ['--temporal', address, '--database', 'hale:hush@db/hale']);
  expect(await noUrl.ended).toBe(2);
  expect(noUrl.output).toContain('hale up: --database is no URL of PostgreSQL (not shown: its password may be in it)');
  expect(noUrl.output).not.toContain('hush');
});

test('a given database that a running hale uses is not touched when it ends', limit, async () => {
  const { url } = await freshDatabase();
  const { address } = await temporal();
  const hale = new HaleUp(stateFolder(), ['--temporal', address, '--database', url]);
  await hale.says('hale is up');
  process.kill(hale.pidOf('main'), 'SIGTERM');
  expect(await hale.ended).toBe(0);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  expect((await client.query('select version from current_configuration')).rowCount).toBe(1);
  await client.end();
});
