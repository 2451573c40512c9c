// Drives the built `hale` command against a real Temporal server on which no worker polls.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import * as wire from '../../contracts/cli.js';
import { freshDatabase } from '../support/database.js';
import { dataOf, failureOf, hale } from '../support/hale-command.js';
import { shopConfigured, shopEffect, shopIncident } from '../support/recorded.js';
import { devServer } from '../support/temporal.js';

let env: TestWorkflowEnvironment;
beforeAll(async () => void (env = await devServer()));
afterAll(() => env.teardown());

/** The shop's cycle has begun on the server, and every worker is away. */
async function withoutWorkers() {
  const { pool, url } = await freshDatabase();
  const workflowId = 'heal/shop/-';
  const started = await env.client.workflow.start('healingCycle', {
    workflowId,
    taskQueue: 'hale-cycles',
    workflowIdConflictPolicy: 'USE_EXISTING',
    args: [{ service: 'shop' }],
  });
  const incident = await shopIncident(pool, await shopConfigured(pool), started.firstExecutionRunId, workflowId);
  return { pool, incident, at: ['--database', url, '--temporal', env.address] };
}

test('a word that no worker answers is exit code 8, and says that it may still be obeyed', async () => {
  const { incident, at } = await withoutWorkers();
  const ran = await hale(['abort', incident, '--json', ...at]);
  expect(ran).toMatchObject({ code: 8 });
  expect(failureOf(ran).message).toContain('may still be obeyed');
});

test('an open incident is shown although no worker tells its phase', async () => {
  const { incident, at } = await withoutWorkers();
  const { incidents, temporal } = dataOf(wire.status, await hale(['status', '--json', ...at]));
  expect(temporal.reachable).toBe(true);
  expect(incidents).toMatchObject([{ id: incident, state: 'healing', phase: null, ask: null }]);
});

test('a terminated cycle heals nothing, and status says who settles it', async () => {
  const { incident, at } = await withoutWorkers();
  await env.client.workflow.getHandle('heal/shop/-').terminate('by a person');
  const ended = async () => dataOf(wire.status, await hale(['status', '--json', ...at]));
  const sentence = 'its cycle ended without closing it; the next cycle settles what it left: hale heal shop';
  expect(await ended()).toMatchObject({ incidents: [{ id: incident, state: 'ended', sentence }], services: [{ state: 'noData' }] });
  expect(await hale(['status', '--check', ...at])).toMatchObject({ code: 7 });
  await env.client.workflow.start('healingCycle', { workflowId: 'heal/shop/-', taskQueue: 'hale-cycles', args: [{ service: 'shop' }] });
  expect((await ended()).incidents).toMatchObject([{ id: incident, state: 'ended' }]);
});

test('what a terminated cycle left behind is settled by heal, and stop says so', async () => {
  const { pool, incident, at } = await withoutWorkers();
  const { rows } = await pool.query<{ cycle: string }>('select cycle from cycles where incident = $1', [incident]);
  await shopEffect(pool, { incident, actionId: 'a/1', cycle: rows[0]?.cycle ?? '' }, ['intended', 'applied']);
  const halfDone = async () => dataOf(wire.stopped, await hale(['stop', '--json', ...at])).halfDone;
  expect((await halfDone())[0]?.undo).toContain(`hale abort ${incident}`);
  await env.client.workflow.getHandle('heal/shop/-').terminate('by a person');
  expect(await halfDone()).toMatchObject([
    { undo: 'hale resume --all && hale heal shop', keep: 'nothing to do: it stays until a cycle of shop runs' },
  ]);
  await pool.query(`update configurations set fleet = jsonb_set(fleet, '{services}', '[]')`);
  const { incidents } = dataOf(wire.status, await hale(['status', '--json', ...at]));
  expect(incidents[0]?.sentence).toContain('put shop back into the configuration, then: hale heal shop');
});

test('doctor names the queues on which nobody polls', async () => {
  const { at } = await withoutWorkers();
  const { checks } = dataOf(wire.doctor, await hale(['doctor', '--json', ...at]));
  // The programs of this configuration are not there either, which doctor says too.
  const troubles = checks.filter(({ result, name }) => result === 'trouble' && name !== 'this machine');
  expect(troubles.map(({ name }) => name)).toEqual(['workers of hale-cycles', 'workers of hale-watch', 'workers of hale-cycles-machine']);
});

test('an interrupted command is exit code 130', async () => {
  const { at } = await withoutWorkers();
  const launcher = fileURLToPath(new URL('../../bin/hale.mjs', import.meta.url));
  const watching = spawn(process.execPath, [launcher, 'status', '--watch', '--json', ...at], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(watching.stdout, 'data');
  watching.kill('SIGINT');
  expect(await once(watching, 'exit')).toEqual([130, null]);
});
