import { ServiceError, type Client } from '@temporalio/client';
import { expect, onTestFinished, test, vi } from 'vitest';
import { tell } from '../../../client/cycles.js';

const unavailable = 14;

test('a word whose time is over is unanswered, however the server says so; before that it is an error', async () => {
  const start = Date.now();
  const clock = vi.spyOn(Date, 'now').mockReturnValue(start);
  onTestFinished(() => clock.mockRestore());
  const cause = Object.assign(new Error('context canceled'), { code: unavailable, details: 'context canceled' });
  const said = (afterMs: number) => {
    const executeUpdate = async (): Promise<never> => {
      clock.mockReturnValue(start + afterMs);
      throw new ServiceError('Workflow Update failed', { cause });
    };
    const client = { withDeadline: (_: number, work: () => unknown) => work(), workflow: { getHandle: () => ({ executeUpdate }) } };
    clock.mockReturnValue(start);
    return tell(client as unknown as Client, { workflowId: 'heal/shop/-', cycle: 'c1' }, 'pause', { by: 'ada' }, 'key');
  };
  expect(await said(10_000)).toEqual({ kind: 'unanswered' });
  await expect(said(9_000)).rejects.toThrow('Workflow Update failed');
});
