// Kills the real watching worker with SIGKILL, while a second one stands by.
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { postgresSamples } from '../../adapters/postgres/samples.js';
import { watchWorkflowId } from '../../contracts/names.js';
import { freshDatabase } from '../support/database.js';
import { devServer } from '../support/temporal.js';
import { configure, serviceWith, shop, upSignal } from '../support/watching.js';

let env: TestWorkflowEnvironment;
beforeAll(async () => void (env = await devServer()), 60_000);
afterAll(() => env.teardown());

const entry = fileURLToPath(new URL('../../dist/workers/worker.js', import.meta.url));

/** One real worker process, as `hale up` starts it. */
function startWorker(role: 'cycles' | 'watch', databaseUrl: string): ChildProcess {
  const child = spawn(process.execPath, [entry, role], {
    env: { PATH: process.env.PATH, HALE_DATABASE_URL: databaseUrl, TEMPORAL_ADDRESS: env.address },
    stdio: 'ignore',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

test('after kill -9 of the watching worker another one goes on, at the cost of no history', { timeout: 120_000 }, async () => {
  const { pool, url } = await freshDatabase();
  const service = await shop();
  await configure(pool, [serviceWith('shop', [upSignal(service.url, { everyMs: 1_000 })])]);
  const samples = postgresSamples(pool);
  const newSamples = (since: number) =>
    expect.poll(async () => (await samples.since('shop', undefined, 'up', since)).length, { timeout: 40_000, interval: 100 });
  const events = async (): Promise<number> => (await env.client.workflow.getHandle(watchWorkflowId(0)).fetchHistory()).events?.length ?? 0;
  startWorker('cycles', url);
  let watching = startWorker('watch', url);
  await newSamples(0).toBeGreaterThan(2);
  const before = await events();

  const gaps: number[] = [];
  for (let kill = 0; kill < 2; kill += 1) {
    const standby = startWorker('watch', url);
    await newSamples(Date.now()).toBeGreaterThan(1);
    const killedAt = Date.now();
    watching.kill('SIGKILL');
    await newSamples(killedAt + 500).toBeGreaterThan(0);
    gaps.push(Date.now() - killedAt);
    watching = standby;
  }
  expect(await events()).toBe(before);
  expect(before).toBeLessThanOrEqual(6);
  expect(Math.max(...gaps)).toBeLessThan(15_000);
  const { rows } = await pool.query<{ generation: string }>('select generation from shards');
  expect(rows).toEqual([{ generation: '3' }]);
});
