// What is to be done by a worker that is not there: nothing is done on a decision of long ago, and nobody is left without a word.
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CycleActivities, Opened } from '../../../contracts/activities.js';
import type { CycleState } from '../../../contracts/cycle.js';
import { brief, limits, opened, scriptedWorld, seenBroken, serverNow } from '../../support/scripted-world.js';
import { actingFor, devServer, runCycle, type RunningCycle } from '../../support/temporal.js';

// The server that skips time does not skip it while an activity waits for a worker.
let env: TestWorkflowEnvironment;
beforeAll(async () => void (env = await devServer()));
afterAll(() => env.teardown());

const SECOND = 1_000;
const nobody = /no worker polls [0-9a-f-]+-docker$/;

/** One correction, for a worker with a privilege that none has, unless `during` runs one. A worker is waited for for a second. */
const openedFor =
  (overdueInMs: number, more: Partial<Extract<Opened, { kind: 'open' }>> = {}) =>
  async () =>
    opened([brief('restart', { provider: 'docker', holdMs: SECOND })], {
      limits: { ...limits, escalateAfterMs: SECOND },
      onset: serverNow() - SECOND + overdueInMs,
      ...more,
    });

async function heal(
  script: Partial<CycleActivities>,
  during: (running: RunningCycle, activities: CycleActivities) => Promise<unknown> = async () => undefined,
) {
  const world = scriptedWorld({ openIncident: openedFor(0), ...script });
  const result = await runCycle(
    env,
    world.activities,
    { service: 'shop', by: 'watch' },
    async (running) => void (await during(running, world.activities)),
  );
  return { ...world, result };
}

/** Runs a worker with the privilege until the cycle is there. */
const served =
  (until: (running: RunningCycle) => Promise<unknown>) =>
  (running: RunningCycle, activities: CycleActivities): Promise<unknown> =>
    actingFor(env, [running.taskQueue, 'docker'], activities, () => until(running));

const hasEnded = ({ handle }: RunningCycle): Promise<unknown> => handle.result();

/** Resolves when the cycle has told so. */
async function isIn({ handle }: RunningCycle, phase: CycleState['phase']): Promise<void> {
  while ((await handle.query<CycleState>('state')).phase !== phase) await env.sleep(50);
}

/** Resolves once it has been waited for a worker in vain. */
async function oneWasWithdrawn(asked: () => readonly unknown[]): Promise<void> {
  while (asked().length === 0) await env.sleep(50);
}

test('a correction that no worker takes in time is withdrawn, and done when it is decided on anew', async () => {
  const withdrawn: unknown[] = [];
  const { result, asked, calls } = await heal(
    { openIncident: openedFor(60 * SECOND), withdrawCorrection: async (order) => ({ withdrawn: withdrawn.push(order) > 0 }) },
    async (running, activities) => {
      await oneWasWithdrawn(() => withdrawn);
      await served(hasEnded)(running, activities);
    },
  );
  expect(result).toMatchObject({ outcome: 'healed', attempts: 1 });
  expect(withdrawn[0]).toMatchObject({ actionId: 'cycle/1/restart', why: expect.stringMatching(nobody) });
  expect(asked('prepareCorrection').length).toBe(withdrawn.length + 1);
  expect(calls.slice(calls.indexOf('withdrawCorrection') + 1).slice(0, 3)).toEqual([
    'observeService',
    'diagnoseService',
    'prepareCorrection',
  ]);
});

test('a correction that no worker takes is for a person once the symptom is overdue', async () => {
  const { result, asked, calls } = await heal({});
  expect(result).toMatchObject({
    outcome: 'escalated',
    attempts: 0,
    sentence: expect.stringMatching(/^restart was not done: no worker polls/),
  });
  expect(asked('callPerson').map(({ why }) => why)).toContain('escalated');
  expect(calls).not.toContain('applyCorrection');
});

test('a symptom that goes while no worker takes the correction is not corrected any more', async () => {
  let looks = 0;
  const { result, asked } = await heal({
    openIncident: openedFor(60 * SECOND),
    observeService: async () => (looks++ === 0 ? seenBroken : { kind: 'clear', evidence: 'up is 1' }),
  });
  expect(result).toMatchObject({ outcome: 'recoveredAlone' });
  expect(asked('withdrawCorrection')).toHaveLength(1);
});

test('a person who takes over is obeyed although a worker is waited for', async () => {
  const { result, calls } = await heal({ openIncident: openedFor(60 * SECOND) }, async (running) => {
    await isIn(running, 'correct');
    await running.handle.signal('takeOver', { by: 'ada' });
  });
  expect(result).toMatchObject({ outcome: 'takenOver', sentence: 'takeOver by ada' });
  expect(calls).not.toContain('applyCorrection');
});

test('what a worker began and left is found out by the next one, and not decided on anew', async () => {
  const left: unknown[] = [];
  const { result, asked } = await heal(
    { openIncident: openedFor(60 * SECOND), withdrawCorrection: async (order) => ({ withdrawn: left.push(order) === 0 }) },
    async (running, activities) => {
      await oneWasWithdrawn(() => left);
      await served(hasEnded)(running, activities);
    },
  );
  expect(result.outcome).toBe('healed');
  expect(asked('prepareCorrection')).toHaveLength(1);
});

test('what a worker began and left, and no other finds out, is for a person', async () => {
  const { result } = await heal({ withdrawCorrection: async () => ({ withdrawn: false }) });
  expect(result).toMatchObject({
    outcome: 'escalated',
    sentence: expect.stringMatching(/the worker that began it is gone, and no worker polls/),
  });
});

test('an undo that no worker takes strands the cycle, and what is in force stays listed', async () => {
  const gone: { now?: () => void } = {};
  const isGone = new Promise<void>((resolve) => (gone.now = resolve));
  const awaitRecovery = () => isGone.then(() => ({ kind: 'worse' as const, evidence: 'more is broken' }));
  const { result, calls, asked } = await heal({ awaitRecovery }, async (running, activities) => {
    await served((one) => isIn(one, 'validate'))(running, activities);
    gone.now?.();
  });
  expect(result).toMatchObject({ outcome: 'stranded', sentence: expect.stringMatching(/^restart is not undone yet: no worker polls/) });
  expect(calls).not.toContain('undoCorrection');
  expect(asked('callPerson').map(({ why }) => why)).toContain('stranded');
});

test('leftovers that no worker settles are for a person, and nothing is measured on top of them', async () => {
  const leftovers = [{ privilege: 'docker' as const, count: 1 }];
  const { result, calls } = await heal({ openIncident: openedFor(0, { leftovers }) });
  expect(result).toMatchObject({ outcome: 'stranded', sentence: expect.stringMatching(nobody) });
  expect(calls).not.toContain('observeService');
});
