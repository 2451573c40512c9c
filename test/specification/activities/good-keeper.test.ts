import { expect, onTestFinished, test, vi } from 'vitest';
import type { KnownGood, Providers } from '../../../activities/ports.js';
import { GoodKeeper } from '../../../activities/watch/health.js';
import type { Board } from '../../../domain/detection/board.js';
import type { Action, Correction, Service } from '../../../domain/service.js';

const actions: readonly Action[] = [
  { kind: 'file', path: '/etc/shop.conf', restore: 'lastGood' },
  { kind: 'git', repository: '/srv/conf.git', branch: 'main', paths: ['deploy'], push: 'direct' },
  { kind: 'wait', forMs: 1 },
];

test('what was good is remembered of every target that can be brought back, and a server of others is asked less often', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const corrections = actions.map((action) => ({ name: action.kind, action, timeoutMs: 1_000, holdMs: 0 })) as unknown as Correction[];
  const service = { name: 'shop', corrections } as unknown as Service;
  const board = {
    members: () => [{ service: 'shop' }],
    objectivesOf: () => [{ service }],
    provenHealth: () => ({ since: 0, until: Date.now() }),
  } as unknown as Board;
  const [asked, kept] = [[] as string[], [] as string[]];
  const image = (kind: string) => async () => {
    asked.push(kind);
    return { identity: 'v1', summary: 'v1', content: {} };
  };
  const providers = { for: ({ kind }: Action) => ({ image: image(kind) }) } as unknown as Providers;
  const knownGood = {
    record: async (_service: string, _instance: string | undefined, name: string) => void kept.push(name),
  } as unknown as KnownGood;
  const keeper = new GoodKeeper({ providers, knownGood });
  for (let look = 0; look < 9; look++) {
    await keeper.look(board);
    await vi.advanceTimersByTimeAsync(2_000);
  }
  const times = (list: readonly string[]) => ['file', 'git', 'wait'].map((kind) => list.filter((one) => one === kind).length);
  expect(times(asked)).toEqual([9, 2, 0]);
  expect(times(kept)).toEqual([9, 2, 0]);
});
