// Counts what the watch workflow writes to its history.
import { fileURLToPath } from 'node:url';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createWatchActivities } from '../../activities/watch-shard.js';
import { pace } from '../../activities/watch/pace.js';
import { taskQueues, watchWorkflowId } from '../../contracts/names.js';
import { composePorts } from '../../workers/compose.js';
import { freshDatabase } from '../support/database.js';
import { devServer } from '../support/temporal.js';
import { configure, quickly, serviceWith, shop, upSignal } from '../support/watching.js';

let env: TestWorkflowEnvironment;
beforeAll(async () => void (env = await devServer()), 60_000);
afterAll(() => env.teardown());

const dataConverter = { payloadConverterPath: fileURLToPath(new URL('../../dist/contracts/payload-converter.js', import.meta.url)) };
const hourMs = 3_600_000;

test('a shard writes at most twelve events an hour, whatever its services do', { timeout: 60_000 }, async () => {
  const { pool } = await freshDatabase();
  const service = await shop();
  await configure(pool, [serviceWith('shop', [upSignal(service.url)])]);
  const activities = { ...createWatchActivities(composePorts(pool, env.client), { ...quickly, handOverMs: 700 }) };
  const common = { connection: env.nativeConnection, dataConverter };
  const cycles = await Worker.create({ ...common, taskQueue: taskQueues.cycles, workflowBundle: { codePath: inject('codePath') } });
  const watch = await Worker.create({ ...common, taskQueue: taskQueues.watch, activities });
  const counted = await watch.runUntil(cycles.runUntil(() => countEvents()));
  expect(counted.handOvers).toBeGreaterThanOrEqual(3);
  const perHandOver = counted.events / counted.handOvers;
  expect(perHandOver).toBeLessThanOrEqual(7);
  expect((perHandOver * hourMs) / pace.handOverMs).toBeLessThanOrEqual(12);
});

/** Events of whole hand-overs: from one schedule of the activity to the last one. */
async function countEvents(): Promise<{ events: number; handOvers: number }> {
  const handle = await env.client.workflow.start('watch', {
    workflowId: watchWorkflowId(0),
    taskQueue: taskQueues.cycles,
    args: [{ shard: 0, shards: 1 }],
  });
  const scheduled = async (): Promise<number[]> => {
    const { events } = await handle.fetchHistory();
    return (events ?? []).flatMap((event, index) => (event.activityTaskScheduledEventAttributes == null ? [] : [index]));
  };
  await expect.poll(async () => (await scheduled()).length, { timeout: 30_000, interval: 200 }).toBeGreaterThan(3);
  const places = await scheduled();
  await handle.terminate('counted');
  return { events: (places.at(-1) ?? 0) - (places[0] ?? 0), handOvers: places.length - 1 };
}

test('wrong input ends the watch with a sentence instead of a task that is tried for ever', async () => {
  const taskQueue = 'wrong-input';
  const bundle = { workflowBundle: { codePath: inject('codePath') } };
  const worker = await Worker.create({ connection: env.nativeConnection, dataConverter, taskQueue, ...bundle });
  const inputs = [[], [''], [[]], [{ shard: -1, shards: 1 }], [{ shard: 0 }]];
  const failures = await worker.runUntil(
    Promise.all(
      inputs.map((args, n) =>
        env.client.workflow.execute('watch', { taskQueue, workflowId: `wrong-${n}`, args }).catch((error: Error) => error.cause),
      ),
    ),
  );
  for (const failure of failures) expect(failure).toMatchObject({ type: 'InvalidInput', message: expect.stringContaining('"shard": 0') });
});
