// Whoever acts needs the privilege for it, and polls the queue of that privilege.
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createActingActivities, createCycleActivities } from '../../activities/index.js';
import type { Call } from '../../activities/ports.js';
import { actQueue } from '../../contracts/names.js';
import { NotPermitted } from '../../domain/failure.js';
import { privileges } from '../../domain/privilege.js';
import { composePorts } from '../../workers/compose.js';
import { fileDrivenService } from '../support/broken-service.js';
import { haleWith, inPhase, rememberGood } from '../support/hale.js';
import { devServer, servedBy } from '../support/temporal.js';

let env: TestWorkflowEnvironment;
beforeAll(async () => void (env = await devServer()));
afterAll(() => env.teardown());

async function brokenShop() {
  const service = await fileDrivenService();
  const hale = await haleWith(
    env,
    `apiVersion: hale/v1
services:
  shop:
    signals:
      up: {http: '${service.url}', every: 100ms, timeout: 90ms, expect: {status: 200}}
    objectives:
      up: {above: 0, for: 0s, hold: 1s}
    corrections:
      back: {file: ${service.file}, restore: lastGood, hold: 1s, within: 1s, cooldown: 0s, mode: act}
`,
  );
  await rememberGood(hale, 'back');
  await service.configure('bad 1');
  return { service, hale };
}

test('a correction waits for a worker with its privilege, and is done once there is one', async () => {
  const { service, hale } = await brokenShop();
  const looking = createCycleActivities(composePorts(hale.pool, env.client, {}, []));
  const others = privileges.filter((one) => one !== 'machine');
  const handle = await servedBy(
    env,
    hale.taskQueue,
    looking,
    async () => {
      const started = await hale.start('shop');
      await inPhase(started, 'correct');
      const { raw } = await started.describe();
      expect(raw.pendingActivities).toMatchObject([{ activityType: { name: 'applyCorrection' }, attempt: 1 }]);
      return started;
    },
    others,
  );
  expect(await service.configuration()).toContain('bad 1');
  const acting = { ...looking, ...createActingActivities(hale.ports) };
  const { outcome } = await servedBy(env, hale.taskQueue, acting, () => handle.result());
  expect(outcome).toBe('healed');
  expect(await service.configuration()).not.toContain('bad 1');
});

test('worker privilege: a worker without the privilege looks at the target, and can not change it', async () => {
  const { service, hale } = await brokenShop();
  const { action } = hale.fleet.services[0]?.corrections[0] ?? {};
  if (action === undefined) throw new Error('the shop has no correction');
  const others = privileges.filter((one) => one !== 'machine');
  const provider = composePorts(hale.pool, env.client, {}, others).providers.for(action);
  const target = { service: 'shop', action, timeoutMs: 1000 };
  const before = await provider?.image(target);
  const call = { ...target, actionId: 'a/1/fix', fence: '1', before, abort: new AbortController().signal } as Call;
  for (const change of ['apply', 'undo', 'readBack'] as const)
    await expect(provider?.[change]({ ...call, permit: async () => undefined }, before as never)).rejects.toThrow(
      new NotPermitted(`a worker without the privilege machine must not ${change}`),
    );
  expect(await service.configuration()).toContain('bad 1');
});

test('each privilege has a queue of its own beside that of the cycles', () => {
  expect(privileges.map((privilege) => actQueue('hale-cycles', privilege))).toContain('hale-cycles-docker');
});
