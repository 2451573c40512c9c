import { describe, expect, it } from 'vitest';
import { waitProvider } from '../../adapters/wait/provider.js';
import { NotPermitted } from '../../domain/failure.js';
import type { Action } from '../../domain/service.js';
import { callOn } from '../../testing/provider.contract.js';

const action: Extract<Action, { kind: 'wait' }> = { kind: 'wait', forMs: 200 };
const bench = {
  provider: waitProvider(),
  target: { service: 'shop', action, timeoutMs: 5_000 },
  effects: async () => 0,
  state: async () => '',
  remove: async () => undefined,
};

describe('wait', () => {
  it('waits as long as it was told', async () => {
    const began = performance.now();
    await bench.provider.apply(await callOn(bench));
    expect(performance.now() - began).toBeGreaterThanOrEqual(195);
  });

  it('does not wait without permit', async () => {
    const permit = () => Promise.reject(new NotPermitted('stop'));
    await expect(bench.provider.apply(await callOn(bench, { permit }))).rejects.toThrow(NotPermitted);
  });

  it('ends at once when it is called off', async () => {
    const call = await callOn(bench, { action: { kind: 'wait', forMs: 60_000 }, abort: AbortSignal.timeout(50) });
    await expect(bench.provider.apply(call)).rejects.toThrow(/called off/);
  });

  it('may be repeated after its answer was lost', async () => {
    expect(await bench.provider.readBack(await callOn(bench))).toEqual({ kind: 'notApplied' });
  });
});
