import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CycleState } from '../../../contracts/cycle.js';
import type { CycleActivities } from '../../../contracts/activities.js';
import { brief, facts, opened, proposal, scriptedWorld, serverNow } from '../../support/scripted-world.js';
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

/** What the Temporal UI shows as current details. */
const detailsOf = async ({ handle }: RunningCycle): Promise<string> =>
  (await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata')).currentDetails;

test('a correction that holds ends the cycle healed, in the order of the runbook', async () => {
  const { result, calls } = await heal();
  expect(result).toMatchObject({ outcome: 'healed', incident: 'inc-1', attempts: 1 });
  expect(calls).toEqual([
    'openIncident',
    'observeService',
    'diagnoseService',
    'prepareCorrection',
    'applyCorrection',
    'awaitRecovery',
    'validateHold',
    'learnLesson',
    'closeIncident',
  ]);
});

test('a symptom that is gone at the first look ends the cycle without touching anything', async () => {
  const { result, calls } = await heal({ observeService: async () => ({ kind: 'clear', evidence: 'up is 1' }) });
  expect(result.outcome).toBe('notConfirmed');
  expect(calls).toEqual(['openIncident', 'observeService', 'closeIncident']);
});

test('missing data escalates and corrects nothing', async () => {
  const { result, calls } = await heal({ observeService: async () => ({ kind: 'noData', evidence: 'source unavailable' }) });
  expect(result.outcome).toBe('escalated');
  expect(calls).toContain('callPerson');
  expect(calls).not.toContain('applyCorrection');
});

test('a correction that does not help is undone before the next one is tried', async () => {
  let n = 0;
  const { result, calls, asked } = await heal({
    openIncident: async () => opened([brief('restart'), brief('last-good')]),
    awaitRecovery: async () =>
      n++ === 0 ? { kind: 'unchanged', evidence: 'still down' } : { kind: 'recovered', at: serverNow(), evidence: 'up' },
  });
  expect(result.outcome).toBe('healed');
  expect(calls.indexOf('undoCorrection')).toBeLessThan(calls.lastIndexOf('applyCorrection'));
  expect(asked('learnLesson').map((lesson) => [lesson.correction, lesson.verdict.kind, lesson.undone])).toEqual([
    ['restart', 'unchanged', true],
    ['last-good', 'held', false],
  ]);
});

test('a relapse within the hold window is no success', async () => {
  let n = 0;
  const { result, asked } = await heal({
    openIncident: async () => opened([brief('restart', { undo: 'nothingToRestore' }), brief('last-good')]),
    validateHold: async () => (n++ === 0 ? { kind: 'unchanged', evidence: 'relapse' } : { kind: 'held', evidence: 'up' }),
  });
  expect(result).toMatchObject({ outcome: 'healed', attempts: 2 });
  expect(asked('undoCorrection')).toHaveLength(0);
});

test('an undo that fails strands the cycle and calls a person', async () => {
  const { result, asked } = await heal({
    awaitRecovery: async () => ({ kind: 'worse', evidence: 'more is broken' }),
    undoCorrection: async () => ({ kind: 'stranded', reason: 'changed meanwhile' }),
  });
  expect(result.outcome).toBe('stranded');
  expect(asked('callPerson').map((call) => call.why)).toEqual(['stranded']);
});

test('an effect whose fate is unknown is never repeated: a person is asked', async () => {
  const { result, calls } = await heal({ applyCorrection: async () => ({ kind: 'unknown', reason: 'killed in between' }) });
  expect(result.outcome).toBe('escalated');
  expect(calls.filter((call) => call === 'applyCorrection')).toHaveLength(1);
});

test('without data in the hold window the cycle holds once more, then asks a person', async () => {
  const { result, calls } = await heal({ validateHold: async () => ({ kind: 'noData', evidence: 'no reading' }) });
  expect(result.outcome).toBe('escalated');
  expect(calls.filter((call) => call === 'validateHold')).toHaveLength(2);
  expect(calls).not.toContain('undoCorrection');
});

test('a window that ends in doubt is made twice as long, and what is in doubt then did not hold', async () => {
  const { result, calls, asked } = await heal({ validateHold: async () => ({ kind: 'inDoubt', evidence: 'up is 0' }) });
  expect(result.outcome).toBe('escalated');
  expect(new Set(asked('validateHold').map(({ from }) => from)).size).toBe(1);
  expect(calls.filter((call) => call === 'validateHold')).toHaveLength(2);
  expect(calls).toContain('undoCorrection');
  expect(asked('learnLesson')).toMatchObject([{ verdict: { kind: 'unchanged', evidence: 'up is 0' }, undone: true }]);
});

test('a doubt at the end of the window that clears up in the second one held', async () => {
  let looks = 0;
  const { result } = await heal({
    validateHold: async () => (looks++ === 0 ? { kind: 'inDoubt', evidence: 'up is 0' } : { kind: 'held', evidence: 'up is 1' }),
  });
  expect(result.outcome).toBe('healed');
});

test('an incident whose attempts are used up calls a person, also before this cycle acted', async () => {
  const { result, asked } = await heal({
    prepareCorrection: async ({ correction }) => proposal(correction, { attempts: 5, attemptsMax: 5 }),
  });
  expect(result).toMatchObject({ outcome: 'escalated', sentence: '5 of 5 attempts are used' });
  expect(asked('callPerson')).toMatchObject([{ why: 'escalated' }]);
});

test('a resource that another cycle acts upon is waited for, and no other correction is tried', async () => {
  let tries = 0;
  const { result, asked } = await heal({
    openIncident: async () => opened([brief('restart'), brief('other')]),
    applyCorrection: async () =>
      tries++ < 2
        ? { kind: 'busy', reason: 'exec/x is being acted upon by cycle y' }
        : { kind: 'applied', at: serverNow(), after: 'as it is' },
  });
  expect(result).toMatchObject({ outcome: 'healed', attempts: 1 });
  expect(asked('prepareCorrection').map(({ correction }) => correction)).toEqual(['restart', 'restart', 'restart']);
  expect(asked('recordAnswer')).toMatchObject([{ answer: { rule: 'busy' } }, { answer: { rule: 'busy' } }]);
});

test('a resource that stays busy until the symptom is overdue calls a person', async () => {
  const { result } = await heal({ applyCorrection: async () => ({ kind: 'busy', reason: 'exec/x is being acted upon by cycle y' }) });
  expect(result).toMatchObject({ outcome: 'escalated', attempts: 0, sentence: expect.stringContaining('acted upon by cycle y') });
});

test('what an earlier cycle left and nobody can take back calls a person before anything is done', async () => {
  const { result, calls, asked } = await heal({
    openIncident: async () => opened([brief('restart')], { leftovers: [{ privilege: 'machine', count: 1 }] }),
    settleEffects: async () => ({ sentences: [], stranded: ['fix (c/1/fix): stranded: nobody can tell'] }),
  });
  expect(result.outcome).toBe('stranded');
  expect(calls).toEqual(['openIncident', 'settleEffects', 'callPerson', 'closeIncident']);
  expect(asked('callPerson')).toMatchObject([{ why: 'stranded', sentence: 'fix (c/1/fix): stranded: nobody can tell' }]);
});

test('the permission of an approved act names who gave it and for what', async () => {
  const { asked } = await heal({ openIncident: async () => opened([brief('restart', { mode: 'ask' })]) }, async (running) => {
    const { ask } = await phase(running, 'approve');
    await running.handle.executeUpdate('decide', { args: [{ by: 'ada', decision: 'approve', proposal: ask?.proposal }] });
  });
  expect(asked('applyCorrection')).toMatchObject([{ permission: 'approved by ada, proposal hash-restart' }]);
});

test('what an earlier cycle left half done is settled before anything is measured', async () => {
  const { calls } = await heal({
    openIncident: async () => opened([brief('restart')], { leftovers: [{ privilege: 'machine', count: 1 }] }),
  });
  expect(calls.slice(0, 3)).toEqual(['openIncident', 'settleEffects', 'observeService']);
});

test('when nothing in the plan helped a person is called', async () => {
  const { result } = await heal({ awaitRecovery: async () => ({ kind: 'unchanged', evidence: 'still down' }) });
  expect(result).toMatchObject({ outcome: 'escalated', attempts: 1 });
});

test('a stop that comes between gate and act is a refusal of the policy, and no correction that failed', async () => {
  let isStopped = false;
  const { result, asked } = await heal({
    prepareCorrection: async ({ correction }) => proposal(correction, { stopped: isStopped }),
    applyCorrection: async () => {
      isStopped = true;
      return { kind: 'notPermitted', reason: 'automation is stopped' };
    },
  });
  expect(result).toMatchObject({ outcome: 'refused', attempts: 0, sentence: expect.stringContaining('automation is stopped') });
  expect(asked('callPerson')).toHaveLength(0);
});

test('what is not permitted over and over, and nobody can say why, is left to a person', async () => {
  const { result, asked } = await heal({ applyCorrection: async () => ({ kind: 'notPermitted', reason: 'the lease is lost' }) });
  expect(result.outcome).toBe('escalated');
  expect(asked('applyCorrection')).toHaveLength(4);
});

test('a stop refuses everything at once', async () => {
  const { result, calls } = await heal({
    openIncident: async () => opened([brief('restart'), brief('last-good')]),
    prepareCorrection: async ({ correction }) => proposal(correction, { stopped: true }),
  });
  expect(result.outcome).toBe('refused');
  expect(calls.filter((call) => call === 'prepareCorrection')).toHaveLength(1);
});

test('a correction that cools down is waited for, not replaced by one that fits less', async () => {
  let n = 0;
  const { result, asked } = await heal({
    openIncident: async () => opened([brief('restart', { cooldownMs: 60_000 }), brief('other')]),
    prepareCorrection: async ({ correction }) => proposal(correction, n++ === 0 ? { now: 50_000, lastAppliedAt: 10_000 } : {}),
  });
  expect(result).toMatchObject({ outcome: 'healed' });
  expect(asked('prepareCorrection').map(({ correction }) => correction)).toEqual(['restart', 'restart']);
});

test('a cooldown that would outlast the patience with the symptom gives way to the next correction', async () => {
  const { result, asked } = await heal({
    openIncident: async () => opened([brief('restart', { cooldownMs: 3_600_000 }), brief('other')]),
    prepareCorrection: async ({ correction }) =>
      proposal(correction, correction === 'restart' ? { now: 50_000, lastAppliedAt: 10_000 } : {}),
  });
  expect(result).toMatchObject({ outcome: 'healed' });
  expect(asked('prepareCorrection').map(({ correction }) => correction)).toEqual(['restart', 'other']);
});

test('a step that fails for good calls a person and closes the incident', async () => {
  const gone = async () => Promise.reject(ApplicationFailure.nonRetryable('configuration v1 is gone', 'ConfigurationGone'));
  const { result, asked } = await heal({ diagnoseService: gone });
  expect(result).toMatchObject({ outcome: 'escalated', sentence: 'diagnoseService failed: configuration v1 is gone' });
  expect(asked('callPerson')).toMatchObject([{ why: 'escalated', sentence: result.sentence }]);
  expect(asked('closeIncident')).toHaveLength(1);
});

test('an abort that comes while the hold window is judged still undoes', async () => {
  const world: { handle?: RunningCycle['handle'] } = {};
  const { result, calls } = await heal(
    {
      validateHold: async () => {
        await world.handle?.executeUpdate('abort', { args: [{ by: 'ada' }] });
        return { kind: 'held', evidence: 'stayed up' };
      },
    },
    async ({ handle }) => void (world.handle = handle),
  );
  expect(result.outcome).toBe('aborted');
  expect(calls).toContain('undoCorrection');
});

test('mode observe records what would have been done and does nothing', async () => {
  const { result, asked, calls } = await heal({ openIncident: async () => opened([brief('restart', { mode: 'observe' })]) });
  expect(result.outcome).toBe('refused');
  expect(asked('recordAnswer')[0]?.answer.sentence).toContain('would have done restart');
  expect(calls).not.toContain('applyCorrection');
});

test('mode ask acts only after a yes to the very proposal', async () => {
  const { result, calls } = await heal({ openIncident: async () => opened([brief('restart', { mode: 'ask' })]) }, async (running) => {
    const { ask } = await phase(running, 'approve');
    await expect(
      running.handle.executeUpdate('decide', { args: [{ by: 'ada', decision: 'approve', proposal: 'other-hash' }] }),
    ).rejects.toThrow();
    await running.handle.executeUpdate('decide', { args: [{ by: 'ada', decision: 'approve', proposal: ask?.proposal }] });
  });
  expect(result.outcome).toBe('healed');
  expect(calls.filter((call) => call === 'observeService')).toHaveLength(2);
});

test('approval replay: a yes to a proposal that changed meanwhile is asked again', async () => {
  let version = 0;
  const { result, asked } = await heal(
    {
      openIncident: async () => opened([brief('restart', { mode: 'ask' })]),
      prepareCorrection: async () => ({ ...proposal('restart'), proposal: `hash-${version++}`, facts: facts() }) as never,
    },
    async (running) => {
      const { ask } = await phase(running, 'approve');
      await running.handle.executeUpdate('decide', { args: [{ by: 'ada', decision: 'approve', proposal: ask?.proposal }] });
    },
  );
  expect(result.outcome).toBe('escalated');
  expect(asked('applyCorrection')).toHaveLength(0);
  expect(asked('callPerson').filter((call) => call.why === 'ask')).toHaveLength(2);
});

test('an approval nobody gives in time escalates and never approves', async () => {
  const { result, calls } = await heal({ openIncident: async () => opened([brief('restart', { mode: 'ask' })]) });
  expect(result.outcome).toBe('escalated');
  expect(calls).not.toContain('applyCorrection');
});

test('an approval sent before the question counts for nothing', async () => {
  const { result, calls } = await heal({ openIncident: async () => opened([brief('restart', { mode: 'ask' })]) }, async ({ handle }) => {
    await handle.signal('approve', { by: 'ada' });
  });
  expect(result.outcome).toBe('escalated');
  expect(calls).not.toContain('applyCorrection');
});

test('what loses something needs the hash of the proposal, also by signal', async () => {
  const { result, calls } = await heal(
    { openIncident: async () => opened([brief('restart', { mode: 'ask', undo: 'loses' })]) },
    async (running) => {
      await phase(running, 'approve');
      await running.handle.signal('approve', { by: 'ada' });
      const { refusals, ask } = await running.handle.query<CycleState>('state');
      expect(refusals[0]).toContain('say which proposal');
      await running.handle.signal('approve', { by: 'ada', proposal: ask?.proposal });
    },
  );
  expect(result.outcome).toBe('healed');
  expect(calls).toContain('applyCorrection');
});

test('who decided on what, paused and resumed is written down before the cycle closes', async () => {
  const { asked, calls } = await heal({ openIncident: async () => opened([brief('restart', { mode: 'ask' })]) }, async (running) => {
    const { ask } = await phase(running, 'approve');
    await running.handle.signal('pause', { by: 'bo', reason: 'looking' });
    await running.handle.executeUpdate('decide', { args: [{ by: 'ada', decision: 'approve', proposal: ask?.proposal, reason: 'go' }] });
    await running.handle.signal('resume', { by: 'bo' });
  });
  const decision = { proposal: 'hash-restart', correction: 'restart' };
  expect(asked('noteWord')).toMatchObject([
    { verb: 'pause', by: 'bo', reason: 'looking', incident: 'inc-1' },
    { verb: 'approve', by: 'ada', reason: 'go', ...decision },
    { verb: 'resume', by: 'bo' },
  ]);
  expect(new Set(asked('noteWord').map(({ key }) => key)).size).toBe(3);
  expect(calls.lastIndexOf('noteWord')).toBeLessThan(calls.indexOf('closeIncident'));
});

test('a decision is written down in full, also where the word did not repeat the proposal', async () => {
  const { asked } = await heal({ openIncident: async () => opened([brief('restart', { mode: 'ask' })]) }, async (running) => {
    await phase(running, 'approve');
    await running.handle.signal('reject', { by: 'ada' });
  });
  expect(asked('noteWord')).toMatchObject([{ verb: 'reject', by: 'ada', proposal: 'hash-restart', correction: 'restart' }]);
});

test('abort in the hold window undoes what was changed', async () => {
  const { result, calls } = await heal({}, async (running) => {
    await phase(running, 'validate');
    await running.handle.executeUpdate('abort', { args: [{ by: 'ada' }] });
  });
  expect(result.outcome).toBe('aborted');
  expect(calls).toContain('undoCorrection');
});

test('cancelling the workflow means abort, and the undo still runs', async () => {
  const { result, calls, asked } = await heal({}, async (running) => {
    await phase(running, 'validate');
    await running.handle.cancel();
  });
  expect(result.outcome).toBe('aborted');
  expect(calls).toContain('undoCorrection');
  expect(asked('noteWord')).toMatchObject([{ verb: 'abort', by: 'temporal cancel' }]);
});

test('taking over stops the cycle and undoes nothing', async () => {
  const { result, calls } = await heal({}, async (running) => {
    await phase(running, 'validate');
    await running.handle.signal('takeOver', { by: 'ada', reason: 'mine' });
  });
  expect(result.outcome).toBe('takenOver');
  expect(calls).not.toContain('undoCorrection');
});

test.each([
  ['abort', 'aborted'],
  ['takeOver', 'takenOver'],
] as const)('%s while a person is asked ends the cycle %s, and calls nobody for want of an answer', async (verb, outcome) => {
  const { result, asked } = await heal({ openIncident: async () => opened([brief('restart', { mode: 'ask' })]) }, async (running) => {
    await phase(running, 'approve');
    await running.handle.executeUpdate(verb, { args: [{ by: 'ada' }] });
  });
  expect(result).toMatchObject({ outcome, attempts: 0 });
  expect(asked('callPerson').map(({ why }) => why)).toEqual(['ask']);
});

test('a pause of seventy hours holds everything, and hale looks again before it acts', async () => {
  const limits = { attemptsMax: 5, escalateAfterMs: 1e9, approvalExpiryMs: 1e6, pauseMsMax: 1e9 };
  const asking = async () => opened([brief('restart', { mode: 'ask' })], { limits });
  const { result, asked, calls } = await heal({ openIncident: asking }, async (running) => {
    const { ask } = await phase(running, 'approve');
    await running.handle.signal('pause', { by: 'ada' });
    await running.handle.executeUpdate('decide', { args: [{ by: 'ada', decision: 'approve', proposal: ask?.proposal }] });
    await env.sleep('70h');
    expect((await running.handle.query<CycleState>('state')).paused).toEqual({ by: 'ada' });
    await running.handle.signal('resume', { by: 'ada' });
  });
  expect(result.outcome).toBe('healed');
  expect(asked('observeService')).toHaveLength(2);
  expect(calls.lastIndexOf('observeService')).toBeLessThan(calls.indexOf('applyCorrection'));
});

test('what was approved while paused is not shown as a question any more', async () => {
  const limits = { attemptsMax: 5, escalateAfterMs: 1e9, approvalExpiryMs: 1e6, pauseMsMax: 1e9 };
  await heal({ openIncident: async () => opened([brief('restart', { mode: 'ask' })], { limits }) }, async (running) => {
    const { ask } = await phase(running, 'approve');
    expect(await detailsOf(running)).toContain('waits for your decision');
    await running.handle.signal('pause', { by: 'ada' });
    await running.handle.executeUpdate('decide', { args: [{ by: 'bob', decision: 'approve', proposal: ask?.proposal }] });
    const state = await running.handle.query<CycleState>('state');
    expect(state.ask).toBeUndefined();
    expect(state.sentence).toBe('restart was approved by bob; hale looks again before it acts');
    expect(await detailsOf(running)).not.toContain('waits for your decision');
    await running.handle.signal('resume', { by: 'ada' });
  });
});

test('a symptom that stands too long calls a person while hale goes on', async () => {
  const { asked } = await heal({ openIncident: async () => opened([brief('restart', { mode: 'ask' })]) });
  const calls = asked('callPerson');
  expect(calls.map((call) => call.why)).toEqual(['ask', 'overdue', 'escalated']);
  // Once for a symptom that stands, however many cycles it takes: the ledger takes a key once.
  expect(calls[1]?.key).toMatch(/^inc-1\/overdue\/\d+$/);
});

test('a symptom that is gone and only has to stay away calls nobody', async () => {
  const { asked } = await heal({ openIncident: async () => opened([brief('restart', { holdMs: 3_600_000 })]) });
  expect(asked('callPerson')).toHaveLength(0);
});

test('words that are not understood change nothing and are shown, json/protobuf included', async () => {
  const asking = async () => opened([brief('restart', { mode: 'ask' })]);
  const bad: readonly unknown[] = ['abort', [], 7, { by: '' }, { by: 7 }, { encoding: 'json/protobuf', text: '{"by":"ada"}' }];
  const { result } = await heal({ openIncident: asking }, async (running) => {
    await phase(running, 'approve');
    for (const word of bad) await running.handle.signal('abort', word);
    for (const word of bad) await expect(running.handle.executeUpdate('takeOver', { args: [word] })).rejects.toThrow();
    const { refusals } = await running.handle.query<CycleState>('state');
    expect(refusals).toHaveLength(bad.length);
    expect(refusals.every((refusal) => refusal.includes('for example {"by":"ada"'))).toBe(true);
    expect(await detailsOf(running)).toContain('abort refused: encoding: got json/protobuf');
  });
  expect(result.outcome).toBe('escalated');
});

test.each([[undefined], [null], [''], [[]], [1], [{}], [{ service: 7 }], [{ service: 'a b;rm' }], [{ service: 'shop', instance: '' }]])(
  'input %j fails the workflow with a sentence that shows an example',
  async (input) => {
    const failed = await runCycle(env, scriptedWorld().activities, input).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(WorkflowFailedError);
    const example = expect.stringContaining('for example {"service":"shop"') as unknown;
    expect(failed).toMatchObject({ cause: { type: 'InvalidInput', message: example } });
  },
);

test('an order that is refused at its opening fails the workflow with the reason and an example', async () => {
  const sentence = 'service: shop is not configured, allowed: till, web';
  const world = scriptedWorld({ openIncident: async () => ({ kind: 'refused', sentence }) });
  const failed = await runCycle(env, world.activities, { service: 'shop' }).catch((error: unknown) => error);
  expect((failed as WorkflowFailedError).cause).toMatchObject({ type: 'InvalidInput', message: expect.stringContaining(sentence) });
  expect(world.calls).toEqual(['openIncident']);
});
