import { expect, test } from 'vitest';
import { proposal, scriptedWorld } from '../../support/scripted-world.js';
import { runCycle, timeSkipping, type RunningCycle } from '../../support/temporal.js';

type Handle = RunningCycle['handle'];

const timersOf = async (handle: Handle): Promise<number> =>
  ((await handle.fetchHistory()).events ?? []).filter((event) => event.timerStartedEventAttributes).length;

test('the lesson of a correction that a person took over does not say undone', async () => {
  const env = await timeSkipping();
  let started: (handle: Handle) => void = () => undefined;
  const cycle = new Promise<Handle>((resolve) => (started = resolve));
  const { activities, asked, calls } = scriptedWorld({
    awaitRecovery: async () => {
      await (await cycle).executeUpdate('pause', { args: [{ by: 'ada' }] });
      return { kind: 'unchanged', evidence: 'still down' };
    },
  });
  const result = await runCycle(env, activities, { service: 'shop', by: 'watch' }, async ({ handle }) => {
    started(handle);
    // The first timer is for an overdue symptom, the second for the pause before the undo.
    await expect.poll(() => timersOf(handle), { timeout: 10_000 }).toBe(2);
    await handle.signal('takeOver', { by: 'ada' });
  }).finally(() => env.teardown());
  expect(result.outcome).toBe('takenOver');
  expect(calls).not.toContain('undoCorrection');
  expect(asked('learnLesson').map(({ verdict, undone }) => [verdict.kind, undone])).toEqual([['unchanged', false]]);
});

test('a word that comes while a correction is prepared keeps it from being done', async () => {
  const env = await timeSkipping();
  let started: (handle: Handle) => void = () => undefined;
  const cycle = new Promise<Handle>((resolve) => (started = resolve));
  const { activities, calls } = scriptedWorld({
    prepareCorrection: async ({ correction }) => {
      await (await cycle).executeUpdate('takeOver', { args: [{ by: 'ada' }] });
      return proposal(correction);
    },
  });
  const result = await runCycle(env, activities, { service: 'shop', by: 'watch' }, async ({ handle }) => started(handle)).finally(() =>
    env.teardown(),
  );
  expect(result).toMatchObject({ outcome: 'takenOver', attempts: 0 });
  expect(calls).not.toContain('applyCorrection');
});
