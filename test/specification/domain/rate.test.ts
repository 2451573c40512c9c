import fc from 'fast-check';
import { expect, test } from 'vitest';
import { takeOne, type Bucket } from '../../../domain/rate.js';

test('a source may send its rate at once, then waits until one is there again', () => {
  let bucket: Bucket | undefined;
  for (let sent = 0; sent < 5; sent += 1) {
    const taken = takeOne(bucket, 5, 1_000);
    expect(taken.kind).toBe('taken');
    bucket = taken.bucket;
  }
  expect(takeOne(bucket, 5, 1_000)).toMatchObject({ kind: 'empty', retryAfterS: 1 });
  expect(takeOne(bucket, 5, 1_199).kind).toBe('empty');
  expect(takeOne(bucket, 5, 1_200).kind).toBe('taken');
});

test('in no run of requests are more let in than the rate, and one second`s worth', () => {
  const gaps = fc.array(fc.integer({ min: -500, max: 3_000 }), { maxLength: 200 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), gaps, (perSecond, steps) => {
      let [bucket, now, newest, let_in]: [Bucket | undefined, number, number, number] = [undefined, 10_000, 10_000, 0];
      for (const step of steps) {
        now += step;
        newest = Math.max(newest, now);
        const taken = takeOne(bucket, perSecond, now);
        bucket = taken.bucket;
        if (taken.kind === 'taken') let_in += 1;
      }
      const forward = steps.reduce((sum, step) => sum + Math.max(0, step), 0);
      expect(let_in).toBeLessThanOrEqual(perSecond + (forward * perSecond) / 1000 + 1e-6);
    }),
  );
});
