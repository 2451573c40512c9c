import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { CycleActivities } from '../../contracts/activities.js';
import type { CycleState } from '../../contracts/cycle.js';
import type { Outcome } from '../../domain/outcome.js';
import { brief, opened, proposal } from './scripted-world.js';
import type { RunningCycle } from './temporal.js';

/** How the world answers, and what a person says meanwhile, so that a cycle ends in this outcome. */
export interface OutcomeScript {
  readonly world: Partial<CycleActivities>;
  readonly during?: (running: RunningCycle, env: TestWorkflowEnvironment) => Promise<void>;
}

/** `prevented` needs a forecast, which no cycle of this version starts from. */
export const outcomeScripts: Readonly<Record<Exclude<Outcome, 'prevented'>, OutcomeScript>> = {
  healed: { world: {} },
  recoveredAlone: { world: { openIncident: async () => opened([brief('restart', { provider: 'wait' })]) } },
  notConfirmed: { world: { observeService: async () => ({ kind: 'clear', evidence: 'up is 1' }) } },
  refused: { world: { prepareCorrection: async ({ correction }) => proposal(correction, { stopped: true }) } },
  escalated: { world: { awaitRecovery: async () => ({ kind: 'unchanged', evidence: 'still down' }) } },
  stranded: {
    world: {
      awaitRecovery: async () => ({ kind: 'worse', evidence: 'more is broken' }),
      undoCorrection: async () => ({ kind: 'stranded', reason: 'changed meanwhile' }),
    },
  },
  aborted: {
    world: {},
    during: async (running, env) => {
      await reached(running, env, 'validate');
      await running.handle.executeUpdate('abort', { args: [{ by: 'ada', reason: 'wrong alarm' }] });
    },
  },
  takenOver: {
    world: { openIncident: async () => opened([brief('restart', { mode: 'ask' })]) },
    during: async (running, env) => {
      const { ask } = await reached(running, env, 'approve');
      const decision = { by: 'ada', decision: 'approve', proposal: ask?.proposal };
      await running.handle.executeUpdate('decide', { args: [decision] });
      await reached(running, env, 'validate');
      await running.handle.signal('takeOver', { by: 'ada', reason: 'mine' });
    },
  },
};

async function reached({ handle }: RunningCycle, env: TestWorkflowEnvironment, phase: CycleState['phase']): Promise<CycleState> {
  for (;;) {
    const state = await handle.query<CycleState>('state');
    if (state.phase === phase && (phase !== 'approve' || state.ask !== undefined)) return state;
    if (state.phase === 'closed') throw new Error(`closed before ${phase}: ${state.sentence}`);
    await env.sleep(100);
  }
}
