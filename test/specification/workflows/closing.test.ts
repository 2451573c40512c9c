// What arrives while a cycle closes.
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CycleState } from '../../../contracts/cycle.js';
import type { CycleActivities } from '../../../contracts/activities.js';
import { brief, opened, proposal, scriptedWorld } from '../../support/scripted-world.js';
import { runCycle, timeSkipping, type RunningCycle } from '../../support/temporal.js';

let env: TestWorkflowEnvironment;
beforeAll(async () => void (env = await timeSkipping()));
afterAll(() => env.teardown());

const order = { service: 'shop', by: 'watch' };
const heal = (script: Partial<CycleActivities> = {}, during?: (running: RunningCycle) => Promise<void>) => {
  const world = scriptedWorld(script);
  return runCycle(env, world.activities, order, during).then((result) => ({ ...world, result }));
};
const phase = async ({ handle }: RunningCycle, wanted: CycleState['phase']): Promise<CycleState> => {
  for (;;) {
    const state = await handle.query<CycleState>('state');
    if (state.phase === wanted) return state;
    if (state.phase === 'closed') throw new Error(`closed before ${wanted}: ${state.sentence}`);
    await env.sleep(100);
  }
};

test('a report that comes while the cycle closes sends it back to detect', async () => {
  let closings = 0;
  const reported: { handle?: RunningCycle['handle'] } = {};
  const { calls, result } = await heal(
    {
      closeIncident: async () => {
        closings += 1;
        if (closings === 1) await reported.handle?.signal('report', { by: 'watch' });
      },
    },
    async ({ handle }) => void (reported.handle = handle),
  );
  expect(result.outcome).toBe('healed');
  expect(calls.filter((call) => call === 'openIncident')).toHaveLength(2);
});

test('a yes is for one act: what breaks again while the cycle closes is asked for again', async () => {
  const closing: { handle?: RunningCycle['handle']; closed: number } = { closed: 0 };
  const { asked } = await heal(
    {
      openIncident: async () => opened([brief('restart', { mode: 'ask', undo: 'irreversible' })]),
      closeIncident: async () => {
        closing.closed += 1;
        if (closing.closed === 1) await closing.handle?.signal('report', { by: 'watch' });
      },
    },
    async (running) => {
      closing.handle = running.handle;
      const { ask } = await phase(running, 'approve');
      await running.handle.executeUpdate('decide', { args: [{ by: 'ada', decision: 'approve', proposal: ask?.proposal }] });
    },
  );
  expect(asked('callPerson').filter(({ why }) => why === 'ask')).toHaveLength(2);
  expect(asked('applyCorrection')).toHaveLength(1);
});

test.each([
  ['is lifted by then', 1, 'healed'],
  ['stands', Infinity, 'refused'],
])('a report that comes while a refused cycle closes is looked at once, where the stop %s', async (_, liftedAfter, outcome) => {
  const closing: { handle?: RunningCycle['handle']; closed: number } = { closed: 0 };
  const { asked, result } = await heal(
    {
      prepareCorrection: async () => proposal('restart', { stopped: closing.closed < liftedAfter }),
      closeIncident: async () => {
        closing.closed += 1;
        if (outcome === 'refused' || closing.closed === 1) await closing.handle?.signal('report', { by: 'ada' });
      },
    },
    async ({ handle }) => void (closing.handle = handle),
  );
  expect(result.outcome).toBe(outcome);
  expect(asked('closeIncident')).toHaveLength(2);
});
