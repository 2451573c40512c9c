// Who may have a cycle: one at a time for each service or instance that is configured, over real parts.
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { haleWith, type Hale } from '../support/hale.js';
import { devServer } from '../support/temporal.js';

let env: TestWorkflowEnvironment;
beforeAll(async () => void (env = await devServer()));
afterAll(() => env.teardown());

const yaml = `apiVersion: hale/v1
services:
  shop:
    signals: {up: {exec: [/bin/echo, '0'], every: 1s}}
    objectives: {up: {below: 1, for: 0s}}
  web:
    instances: [web-1, web-2]
    signals: {up: {exec: [/bin/echo, '0'], every: 1s}}
    objectives: {up: {below: 1, for: 0s}}
`;

/** How the cycle under this id ended: its outcome, or why its input was refused. */
const endOf = (hale: Hale, workflowId: string, order: object): Promise<string> =>
  hale.working(async () => {
    const { taskQueue } = hale;
    const running = env.client.workflow.execute('healingCycle', { taskQueue, workflowId, args: [{ by: 'test', ...order }] });
    const failed = (error: unknown): string => (error instanceof WorkflowFailedError ? String(error.cause?.message) : String(error));
    return running.then((result: { outcome: string }) => result.outcome, failed);
  });

const cyclesOf = async (hale: Hale): Promise<number | null> => (await hale.pool.query('select from cycles')).rowCount;

test('a cycle under another workflow id than its service has is refused before it touches anything', async () => {
  const hale = await haleWith(env, yaml);
  expect(await endOf(hale, 'my-look', { service: 'shop' })).toContain('workflow id: got my-look, allowed: heal/shop/-');
  expect(await endOf(hale, 'heal/shop/-', { service: 'web' })).toContain('workflow id: got heal/shop/-, allowed: heal/web/-');
  expect(await cyclesOf(hale)).toBe(0);
});

test.each([
  ['heal/shop/a', { service: 'shop', instance: 'a' }, 'instance: a is not configured, allowed: none'],
  ['heal/web/web-3', { service: 'web', instance: 'web-3' }, 'instance: web-3 is not configured, allowed: web-1, web-2'],
  ['heal/shopp/-', { service: 'shopp' }, 'service: shopp is not configured, allowed: shop, web'],
])('%s for what is not configured is refused with what is', async (workflowId, order, sentence) => {
  const hale = await haleWith(env, yaml);
  expect(await endOf(hale, workflowId, order)).toContain(sentence);
  expect(await cyclesOf(hale)).toBe(0);
});

test('a listed instance has a cycle of its own', async () => {
  const hale = await haleWith(env, yaml);
  expect(await endOf(hale, 'heal/web/web-2', { service: 'web', instance: 'web-2' })).toBe('notConfirmed');
  expect(await cyclesOf(hale)).toBe(1);
});
