// Drives the activity that a second worker runs after the first was killed amid a recreation, on a real docker.
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { applyCorrection } from '../../activities/apply-correction.js';
import { configured } from '../support/configured.js';
import { badlyReplaced } from '../support/containers.js';
import { startDockerd, type Dockerd } from '../support/dockerd.js';
import { shopIncident } from '../support/recorded.js';
import { permitted } from '../support/shop-correction.js';
import { callOn, type Bench } from '../../testing/provider.contract.js';
import type { DockerAction } from '../support/containers.js';

let docker: Dockerd;
beforeAll(async () => void (docker = await startDockerd()));
afterAll(() => docker.stop());

const actionId = 'cycle-1/1/back';

/** The worker was killed as soon as docker had stopped the old container, which has no restart policy since then. */
async function cutOffAfterTheStop() {
  const one = await badlyReplaced(docker);
  const { pool, fleet, ports } = await configured(`apiVersion: hale/v1
sources: {dock: {docker: '${one.proxy.url}'}}
services:
  shop:
    target: {source: dock, container: ${one.name}}
    signals: {up: {http: 'http://127.0.0.1:9/', every: 1s}}
    objectives: {up: {above: 0}}
    corrections: {back: {docker: recreate, stopWithin: 1s, timeout: 6s, mode: act}}
`);
  const call = await callOn(one as unknown as Bench<DockerAction>, { actionId });
  const [incident, resource] = await Promise.all([shopIncident(pool, fleet), one.provider.resourceOf(one.target)]);
  const named = { service: 'shop', correction: 'back', resource, configVersion: 'v1', undo: 'restores' as const };
  await ports.effects.prepare({ actionId, cycle: 'cycle-1', incident, before: call.before, goal: call.goal, ...named });
  await ports.effects.move(actionId, ['prepared'], 'intended', { fence: '1' });
  one.proxy.loseAnswersTo = /stop$/;
  await expect(one.provider.apply(call)).rejects.toThrow();
  one.proxy.loseAnswersTo = undefined;
  const retry = () => new MockActivityEnvironment().run(applyCorrection(ports), { actionId, ...permitted });
  return { container: docker.client.getContainer(one.name), retry, effect: () => ports.effects.get(actionId) };
}

test.each([
  ['started it', undefined, 'always'],
  ['started it with the restart policy that it had', 'always', 'always'],
  ['started it with a restart policy of their own', 'unless-stopped', 'unless-stopped'],
])('what was cut off is not gone on with, and claims nothing, where somebody has %s', async (_what, given, kept) => {
  const { container, retry, effect } = await cutOffAfterTheStop();
  if (given !== undefined) await container.update({ RestartPolicy: { Name: given } });
  await container.start();
  const { Id, State } = await container.inspect();
  expect(await retry()).toMatchObject({ kind: 'notApplied', reason: expect.stringContaining('it has changed meanwhile') as unknown });
  expect(await effect()).toMatchObject({ state: 'notApplied' });
  const left = { Id, State: { StartedAt: State.StartedAt, Running: true }, HostConfig: { RestartPolicy: { Name: kept } } };
  expect(await container.inspect()).toMatchObject(left);
});
