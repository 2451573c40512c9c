// The judge's arithmetic over what the probe saw.
import { expect, test } from 'vitest';
import { answeredAt, isGood, type Probed, shareOf } from '../../../lab/run/judge.js';

/** One probe each 20 ms from 0: `g` good, `b` bad. */
const probes = (text: string): Probed[] => text.split('').map((letter, at) => ({ at: at * 20, ok: letter === 'g' }));

test('the answer is the first of five good probes after the first bad one', () => {
  expect(answeredAt(probes(`gggggggbbbbb${'g'.repeat(20)}`), 0, 10_000)).toBe(12 * 20);
});

test('five lucky probes of a flapping service are no answer', () => {
  const flapping = 'ggbggggggb'.repeat(10);
  expect(answeredAt(probes(flapping), 0, flapping.length * 20)).toBeUndefined();
  expect(answeredAt(probes(flapping + 'g'.repeat(90)), 0, 60_000)).toBe(flapping.length * 20);
});

test('a service that never failed has not answered again', () => {
  expect(answeredAt(probes('g'.repeat(50)), 0, 1_000)).toBeUndefined();
});

test('four good probes in a row are not enough for an answer', () => {
  expect(answeredAt(probes('bbbgggg'), 0, 1_000)).toBeUndefined();
});

test('a share counts only what was asked within its time', () => {
  expect(shareOf(probes('bgggb'), 20, 80)).toEqual({ good: 3, of: 3 });
});

test('a share of no probes at all is never good', () => {
  expect(isGood(shareOf([], 0, 1_000), 0.99)).toBe(false);
  expect(isGood({ good: 99, of: 100 }, 0.99)).toBe(true);
  expect(isGood({ good: 98, of: 100 }, 0.99)).toBe(false);
});
