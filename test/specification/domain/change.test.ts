import { expect, test } from 'vitest';
import { changedAt, changeSentence, type Change } from '../../../domain/change.js';
import { rolloutChange, seenOf, type Rollout } from '../../../domain/feed.js';

const now = Date.UTC(2026, 10, 28);
const change = (changed: Partial<Change> = {}): Change => ({
  id: '1',
  source: 'ci',
  service: 'shop',
  kind: 'deploy',
  state: 'finished',
  summary: 'shop v2',
  at: now - 60_000,
  ...changed,
});

test('a change made its last difference when it ended', () => {
  expect(changedAt(change())).toBe(now - 60_000);
  expect(changedAt(change({ finishedAt: now }))).toBe(now);
});

test('a change is told with who, what and how long ago', () => {
  expect(changeSentence(change(), now)).toBe('deploy shop v2 made 60s ago (ci)');
  expect(changeSentence(change({ reference: 'v2', by: 'ada', state: 'started', at: now - 600_000 }), now)).toBe(
    'deploy v2 by ada under way, began 10m ago (ci)',
  );
  expect(changeSentence(change({ state: 'failed', at: now + 5_000 }), now)).toBe('deploy shop v2 failed 0s ago (ci)');
});

const rollout = (changed: Partial<Rollout> = {}): Rollout => ({
  generation: 1,
  observedGeneration: 1,
  template: 'a',
  replicas: 2,
  updated: 2,
  available: 2,
  images: ['shop:v1'],
  ...changed,
});
const about = { source: 'eu', service: 'shop', name: 'shop/shop' };

test('a first look at a Deployment is no change, even in the midst of a rollout that nobody saw begin', () => {
  const rolling = rollout({ updated: 1 });
  expect(rolloutChange(undefined, rolling, about, now)).toBeUndefined();
  expect(rolloutChange(seenOf(undefined, rolling), rollout(), about, now)).toBeUndefined();
});

test('labels or limits alone are configuration, and two generations between two looks are one change', () => {
  const before = seenOf(undefined, rollout());
  expect(rolloutChange(before, rollout({ generation: 2, observedGeneration: 2 }), about, now)).toMatchObject({ kind: 'configuration' });
  expect(rolloutChange(before, rollout({ generation: 5, observedGeneration: 5, template: 'b' }), about, now)).toMatchObject({
    kind: 'deploy',
    id: 'shop/shop generation 5',
  });
});
