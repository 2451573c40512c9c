// Drives the schemas of contracts/schemas.ts where they run: preloaded and frozen, in the real workflow sandbox.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Reading } from '../../../domain/reading.js';
import { scriptedWorld } from '../../support/scripted-world.js';
import { runCycle, timeSkipping } from '../../support/temporal.js';

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await timeSkipping();
});
afterAll(() => env?.teardown());

const findingWith = (last: Reading) => ({
  kind: 'breach',
  service: 'shop',
  instance: 'a',
  objective: 'up',
  onset: 1,
  severity: 'critical',
  evidence: { signal: 'up', last, bound: 'above 0', bad: 1, of: 1 },
});

const readings: readonly Reading[] = [
  { kind: 'value', at: 1, value: 0 },
  { kind: 'unbounded', at: 1, sign: -1 },
  { kind: 'noData', at: 1, reason: 'timeout', detail: 'none within 1 s' },
];

test.each(readings)('an order with a finding on a $kind reading is understood in the sandbox', async (last) => {
  const order = { service: 'shop', instance: 'a', by: 'watch', reason: 'r', finding: findingWith(last) };
  expect(await runCycle(env, scriptedWorld().activities, order)).toMatchObject({ outcome: 'healed' });
});

test.each([{}, { ...findingWith({ kind: 'value', at: 1, value: 0 }), evidence: {} }, 'broken'])(
  'an order with a malformed finding fails the workflow, never its task: %j',
  async (finding) => {
    const cycle = runCycle(env, scriptedWorld().activities, { service: 'shop', finding });
    await expect(cycle).rejects.toMatchObject({ cause: { type: 'InvalidInput' } });
  },
);
