import fc from 'fast-check';
import { expect, test } from 'vitest';
import { wilson } from '../../../domain/statistics.js';

test.each([
  [20, 20, 0.8389, 1],
  [50, 50, 0.92865, 1],
  [47, 50, 0.8378, 0.9794],
  [0, 20, 0, 0.1611],
  [1, 2, 0.0945, 0.9055],
])("Wilson's interval of %i of %i runs from %f to %f", (numerator, denominator, low, high) => {
  const { interval } = wilson(numerator, denominator);
  expect(interval?.low).toBeCloseTo(low, 4);
  expect(interval?.high).toBeCloseTo(high, 4);
});

test('of no cases there is no interval', () => {
  expect(wilson(0, 0)).toEqual({ numerator: 0, denominator: 0 });
});

test('an interval holds the share, stays within 0 and 1, and is the mirror of its opposite', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (denominator, part) => {
      const numerator = Math.round(part * denominator);
      const { interval } = wilson(numerator, denominator);
      const mirror = wilson(denominator - numerator, denominator).interval;
      expect(interval?.low).toBeLessThanOrEqual(numerator / denominator);
      expect(interval?.high).toBeGreaterThanOrEqual(numerator / denominator);
      expect(interval?.low).toBeGreaterThanOrEqual(0);
      expect(interval?.high).toBeLessThanOrEqual(1);
      expect(interval?.low).toBeCloseTo(1 - (mirror?.high ?? 0), 9);
    }),
  );
});
