import fc from 'fast-check';
import { expect, test } from 'vitest';
import { conclude, emptyTrack, follow, judge, type Track } from '../../domain/detection/judgement.js';
import type { Reading } from '../../domain/reading.js';
import type { Objective } from '../../domain/service.js';

const start = Date.UTC(2026, 0, 1);

const objectives: fc.Arbitrary<Objective> = fc.record({
  name: fc.constant('o'),
  signal: fc.constant('s'),
  bound: fc.oneof(fc.record({ above: fc.integer({ min: -1, max: 2 }) }), fc.record({ below: fc.integer({ min: -1, max: 2 }) })),
  forMs: fc.integer({ min: 0, max: 8_000 }),
  votes: fc.integer({ min: 1, max: 5 }).chain((of) => fc.record({ bad: fc.integer({ min: 1, max: of }), of: fc.constant(of) })),
  silenceMs: fc.integer({ min: 1_000, max: 6_000 }),
  holdMs: fc.constant(1_000),
});

const reading = (at: number): fc.Arbitrary<Reading> =>
  fc.oneof(
    fc.record({ kind: fc.constant('value' as const), at: fc.constant(at), value: fc.integer({ min: -2, max: 3 }) }),
    fc.record({
      kind: fc.constant('noData' as const),
      at: fc.constant(at),
      reason: fc.constant('timeout' as const),
      detail: fc.constant(''),
    }),
  );

/** Readings with times that grow, at irregular distances. */
const readings: fc.Arbitrary<readonly Reading[]> = fc
  .array(fc.integer({ min: 1, max: 3_000 }), { maxLength: 40 })
  .map((gaps) => gaps.reduce<number[]>((times, gap) => [...times, (times.at(-1) ?? start) + gap], []))
  .chain((times) => fc.tuple(...times.map(reading)));

const followAll = (objective: Objective, track: Track, list: readonly Reading[]): Track =>
  list.reduce((current, one) => follow(objective, current, one), track);

test('judging one reading after the other equals judging them all at once in any order', () => {
  fc.assert(
    fc.property(objectives, readings, fc.infiniteStream(fc.nat()), (objective, list, shuffle) => {
      const now = (list.at(-1)?.at ?? start) + 500;
      const shuffled = list.map((one) => ({ one, key: shuffle.next().value as number })).sort((a, b) => a.key - b.key);
      const whole = judge(
        objective,
        shuffled.map(({ one }) => one),
        now,
      );
      expect(conclude(objective, followAll(objective, emptyTrack, list), now)).toEqual(whole);
    }),
  );
});

test('a detector restored from JSON and fed older readings again concludes the same', () => {
  fc.assert(
    fc.property(objectives, readings, fc.nat({ max: 40 }), (objective, list, cut) => {
      const now = (list.at(-1)?.at ?? start) + 500;
      const saved = JSON.parse(JSON.stringify(followAll(objective, emptyTrack, list.slice(0, cut)))) as Track;
      const resumed = followAll(objective, saved, list);
      expect(conclude(objective, resumed, now)).toEqual(judge(objective, list, now));
    }),
  );
});

test('without a bad reading there is no breach and without data there is no health', () => {
  fc.assert(
    fc.property(objectives, readings, (objective, list) => {
      const now = (list.at(-1)?.at ?? start) + 500;
      const verdict = judge(objective, list, now);
      const values = list.filter((one) => one.kind === 'value');
      const isBad = (value: number) => ('above' in objective.bound ? value <= objective.bound.above : value >= objective.bound.below);
      if (!values.some((one) => isBad(one.value))) expect(verdict.kind).not.toBe('broken');
      if (values.length === 0) expect(verdict.kind).toBe('noData');
    }),
  );
});
