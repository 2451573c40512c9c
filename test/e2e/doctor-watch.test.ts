// The watch's check of `hale doctor`, on a Temporal that forgets who polled after a moment, as it does after minutes otherwise.
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createWatchActivities } from '../../activities/watch-shard.js';
import * as wire from '../../contracts/cli.js';
import { composePorts } from '../../workers/compose.js';
import { freshDatabase } from '../support/database.js';
import { dataOf, hale } from '../support/hale-command.js';
import { devServer } from '../support/temporal.js';
import { quickly } from '../support/watching.js';

const queue = 'hale-watch';
let env: TestWorkflowEnvironment;
beforeAll(async () => void (env = await devServer(undefined, 'matching.PollerHistoryTTL="1s"')));
afterAll(() => env.teardown());

const pollers = async (): Promise<number> => {
  const ask = { namespace: 'default', taskQueue: { name: queue }, taskQueueType: 2 };
  return (await env.client.workflowService.describeTaskQueue(ask)).pollers.length;
};

test('a watch that heartbeats is at work although its worker polls no more, and once its worker is gone nobody watches', async () => {
  const { pool, url } = await freshDatabase();
  const watch = async () => {
    const { checks } = dataOf(wire.doctor, await hale(['doctor', '--json', '--database', url, '--temporal', env.address]));
    return checks.find(({ name }) => name === `workers of ${queue}`);
  };
  const connection = env.nativeConnection;
  const workflows = await Worker.create({ connection, taskQueue: 'hale-cycles', workflowBundle: { codePath: inject('codePath') } });
  const watching = await Worker.create({
    connection,
    taskQueue: queue,
    activities: { ...createWatchActivities(composePorts(pool, env.client), quickly) },
    maxConcurrentActivityTaskExecutions: 1,
    maxHeartbeatThrottleInterval: '1s',
  });
  await workflows.runUntil(async () => {
    await watching.runUntil(async () => {
      await env.client.workflow.start('watch', { workflowId: 'watch/0', taskQueue: 'hale-cycles', args: [{ shard: 0, shards: 1 }] });
      await expect.poll(watch, { timeout: 10_000 }).toMatchObject({ result: 'ok', sentence: '1 shard is watched' });
      await expect.poll(pollers, { timeout: 10_000 }).toBe(0);
      expect(await watch()).toMatchObject({ result: 'ok', sentence: '1 shard is watched' });
    });
    await expect
      .poll(watch, { timeout: 20_000 })
      .toMatchObject({ result: 'trouble', sentence: expect.stringContaining('waits for a worker') });
  });
});
