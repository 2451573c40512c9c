// What a worker that was killed in the middle of a request leaves behind, over real parts.
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CycleActivities } from '../../contracts/activities.js';
import { haleWith, type Hale } from '../support/hale.js';
import { slowTarget } from '../support/slow-target.js';
import { devServer } from '../support/temporal.js';

let env: TestWorkflowEnvironment;
beforeAll(async () => void (env = await devServer()));
afterAll(() => env.teardown());

const yaml = (url: string): string => `apiVersion: hale/v1
services:
  shop:
    signals:
      up: {http: '${url}/health', every: 100ms, timeout: 90ms, expect: {status: 200}}
    objectives:
      up: {above: 0, for: 0s, hold: 1s}
    order: fixed
    corrections:
      retune: {http: '${url}/retune', verify: '${url}/did', undo: {http: '${url}/retune-back'}, ${limits}}
      reload: {http: '${url}/reload', verify: '${url}/did', undo: nothingToRestore, ${limits}}
`;
/** As above, of a target that can't be asked what happened. */
const silent = (url: string, more = ''): string =>
  yaml(url).replace(`retune: {http: '${url}/retune', verify: '${url}/did',`, `retune: {http: '${url}/retune',${more}`);
const limits = 'mode: act, hold: 1s, within: 300ms, timeout: 3s, cooldown: 0s';

/** The first time it does what a worker does that sends its request and is killed before the answer. */
function diesOnce<I extends { readonly actionId: string }, O>(whole: (input: I) => Promise<O>, send: (input: I) => Promise<void>) {
  let lives = 0;
  return async (input: I): Promise<O> => {
    if (lives++ > 0) return whole(input);
    await send(input);
    throw new Error('killed');
  };
}

async function post(url: string, key: string): Promise<void> {
  void fetch(url, { method: 'POST', headers: { 'idempotency-key': key } });
}

const healed = (hale: Hale, change: (activities: CycleActivities) => Partial<CycleActivities>) =>
  hale.working(async () => (await hale.start('shop')).result(), change);

/** The undo of a worker that committed that it begins, and maybe sent it, and was killed. */
const cutOffUndo = (hale: Hale, activities: CycleActivities, send: (actionId: string) => Promise<void> = async () => undefined) =>
  diesOnce(
    (input: { readonly actionId: string; readonly why: string }) => activities.undoCorrection(input),
    async ({ actionId }) => {
      await hale.ports.effects.move(actionId, ['applied'], 'undoing', { fence: '2' });
      await send(actionId);
    },
  );

/** Runs a cycle until one of its activities ends it, as `temporal workflow terminate` does, and answers no more. */
async function cycleEndedWithin(
  hale: Hale,
  change: (activities: CycleActivities, end: () => Promise<never>) => Partial<CycleActivities>,
): Promise<void> {
  const cycle = await hale.start('shop');
  const end = async (): Promise<never> => {
    await cycle.terminate();
    throw new Error('killed');
  };
  const running = hale.working(
    () => cycle.result(),
    (activities) => change(activities, end),
  );
  await expect(running).rejects.toThrow('terminated');
}

const backAsked = ({ asked }: { readonly asked: readonly string[] }): number => asked.filter((key) => key.endsWith('/undo')).length;

test('a request that a killed worker left under way is awaited, not sent again', async () => {
  const target = await slowTarget(1_000);
  const hale = await haleWith(env, yaml(target.url));
  const result = await healed(hale, (activities) => ({
    applyCorrection: diesOnce(
      (input) => activities.applyCorrection(input),
      async ({ actionId }) => {
        await hale.ports.effects.move(actionId, ['prepared'], 'intended', { fence: '1' });
        await post(`${target.url}/retune`, actionId);
      },
    ),
  }));
  expect(result.outcome).toBe('healed');
  expect(target.asked).toHaveLength(3);
  expect(new Set(target.asked).size).toBe(3);
});

test('an undo that a killed worker left under way is awaited, not sent again', async () => {
  const target = await slowTarget(1_000);
  const hale = await haleWith(env, yaml(target.url));
  const result = await healed(hale, (activities) => ({
    undoCorrection: cutOffUndo(hale, activities, (actionId) => post(`${target.url}/retune-back`, `${actionId}/undo`)),
  }));
  expect(result.outcome).toBe('healed');
  expect(new Set(target.asked).size).toBe(target.asked.length);
});

test('a cut-off undo that nobody can ask about strands the cycle and is not sent again', async () => {
  const target = await slowTarget(10);
  const hale = await haleWith(env, silent(target.url));
  const result = await healed(hale, (activities) => ({
    undoCorrection: cutOffUndo(hale, activities, (actionId) => post(`${target.url}/retune-back`, `${actionId}/undo`)),
  }));
  expect(result).toMatchObject({ outcome: 'stranded', sentence: expect.stringContaining('nobody can tell whether it was done') });
  expect(backAsked(target)).toBe(1);
});

test('a cut-off undo that may be repeated is sent again', async () => {
  const target = await slowTarget(10);
  const hale = await haleWith(env, silent(target.url, ' repeatable: true,'));
  const result = await healed(hale, (activities) => ({ undoCorrection: cutOffUndo(hale, activities) }));
  expect(result.outcome).toBe('healed');
  expect(backAsked(target)).toBe(1);
});

test('an undo that an ended cycle left under way is awaited by the next one, not sent again', async () => {
  const target = await slowTarget(1_000);
  const hale = await haleWith(env, yaml(target.url));
  await cycleEndedWithin(hale, (activities, end) => ({
    undoCorrection: cutOffUndo(hale, activities, async (actionId) => {
      await post(`${target.url}/retune-back`, `${actionId}/undo`);
      await end();
    }),
  }));
  const result = await healed(hale, () => ({}));
  expect(result.outcome).toBe('healed');
  expect(new Set(target.asked).size).toBe(target.asked.length);
});

test('an action that an ended cycle left and nobody can ask about calls a person, and none is sent again', async () => {
  const target = await slowTarget(10);
  const hale = await haleWith(env, silent(target.url));
  await cycleEndedWithin(hale, (_, end) => ({
    applyCorrection: async ({ actionId }) => {
      await hale.ports.effects.move(actionId, ['prepared'], 'intended', { fence: '1' });
      await post(`${target.url}/retune`, actionId);
      return end();
    },
  }));
  const result = await healed(hale, () => ({}));
  expect(result).toMatchObject({ outcome: 'stranded', sentence: expect.stringContaining('nobody can tell whether it happened') });
  expect(target.asked).toHaveLength(1);
  const { rowCount } = await hale.pool.query("select from events where body::jsonb->>'kind' = 'person.called'");
  expect(rowCount).toBe(1);
});

test('an undo that an ended cycle left begun is finished also when the service is well meanwhile', async () => {
  const target = await slowTarget(10);
  const hale = await haleWith(env, yaml(target.url));
  await cycleEndedWithin(hale, (activities, end) => ({ undoCorrection: cutOffUndo(hale, activities, end) }));
  await fetch(`${target.url}/reload`, { method: 'POST' });
  const result = await healed(hale, () => ({}));
  expect(result.outcome).toBe('notConfirmed');
  expect(backAsked(target)).toBe(1);
  expect((await hale.pool.query('select state from effects')).rows).toEqual([{ state: 'undone' }]);
});

test('a request that was intended and never sent is sent once its time is over', async () => {
  const target = await slowTarget(10);
  const hale = await haleWith(env, yaml(target.url));
  const result = await healed(hale, (activities) => ({
    applyCorrection: diesOnce(
      (input) => activities.applyCorrection(input),
      async ({ actionId }) => {
        await hale.ports.effects.move(actionId, ['prepared'], 'intended', { fence: '1' });
      },
    ),
  }));
  expect(result.outcome).toBe('healed');
  expect(target.asked.map((key) => key.split('/').slice(1).join('/'))).toEqual(['1/retune', '1/retune/undo', '2/reload']);
});
