// What a watch keeps of the containers of a real docker while their service is well.
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { postgresKnownGood } from '../../adapters/postgres/known-good.js';
import { postgresSamples } from '../../adapters/postgres/samples.js';
import { anybody } from '../support/anybody.js';
import { aimed } from '../support/containers.js';
import { freshDatabase } from '../support/database.js';
import { startDockerd, type Dockerd } from '../support/dockerd.js';
import { devServer } from '../support/temporal.js';
import { configure, serviceWith, shop, startWatch, upSignal } from '../support/watching.js';

let env: TestWorkflowEnvironment;
let docker: Dockerd;
beforeAll(async () => void ([env, docker] = await Promise.all([devServer(), startDockerd()])), 60_000);
afterAll(() => Promise.all([env.teardown(), docker.stop()]));

test('a container counts as good while it runs and its service is well, and not while it is stopped', async () => {
  const { pool } = await freshDatabase();
  const { url } = await shop();
  const one = await aimed(docker, 'recreate');
  const container = docker.client.getContainer(one.name);
  await container.stop({ t: 1 });
  const correction = {
    name: 'last-good',
    mode: 'act',
    undo: 'restores',
    repeatable: false,
    action: one.target.action,
    approvals: anybody,
    settleMs: 1_000,
    holdMs: 500,
    timeoutMs: 10_000,
    cooldownMs: 0,
  } as const;
  const name = `container-${process.pid}`;
  await configure(pool, [serviceWith(name, [upSignal(url)], { corrections: [correction] })]);
  startWatch(pool, env.client);
  const readings = async (): Promise<number> => (await postgresSamples(pool).since(name, undefined, 'up', 0)).length;
  // Well for four times as long as the hold.
  await expect.poll(readings, { timeout: 30_000 }).toBeGreaterThan(20);
  const good = () => postgresKnownGood(pool).latest(name, undefined, 'last-good');
  expect(await good()).toBeUndefined();
  await container.start();
  await expect.poll(good, { timeout: 10_000 }).toMatchObject({ image: { identity: (await one.provider.image(one.target)).identity } });
});
