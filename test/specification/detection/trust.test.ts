import { expect, test } from 'vitest';
import { numberReading, trusted } from '../../../domain/detection/trust.js';
import type { Reading } from '../../../domain/reading.js';
import type { Signal } from '../../../domain/service.js';

const signal: Signal = {
  kind: 'exec',
  name: 'errors',
  argv: ['x'],
  plugin: false,
  everyMs: 1000,
  timeoutMs: 1000,
  perInstance: false,
  staleAfterMs: 5_000,
  onlyIf: [{ signal: 'traffic', bound: { above: 1 } }],
};
const now = Date.UTC(2026, 0, 1);
const value = (v: number, at = now): Reading => ({ kind: 'value', at, value: v });
const judged = (reading: Reading, traffic: Reading = value(5)) => trusted(signal, reading, now, () => traffic);

test('row 29: a sample older than allowed is stale by its own timestamp', () => {
  expect(judged(value(1, now - 5_000))).toEqual(value(1, now - 5_000));
  expect(judged(value(1, now - 5_001))).toMatchObject({ kind: 'noData', reason: 'stale' });
});

test.each([now / 1000, now * 1000, Number.NaN, now + 3_600_000])('row 31: a time of %d is refused, not believed', (at) => {
  expect(judged(value(1, at))).toMatchObject({ kind: 'noData', reason: 'malformed', at: now });
});

test('a signal says something only while its condition holds', () => {
  expect(judged(value(0.5), value(1))).toMatchObject({ kind: 'noData', reason: 'conditionNotMet' });
  expect(judged(value(0.5), { kind: 'noData', at: now, reason: 'absent', detail: '' })).toMatchObject({
    kind: 'noData',
    reason: 'conditionNotMet',
  });
  expect(judged(value(0.5), value(2))).toEqual(value(0.5));
});

test('row 27: NaN is missing and an infinity is no number', () => {
  expect(numberReading(Number.NaN, now)).toMatchObject({ kind: 'noData', reason: 'notANumber' });
  expect(numberReading(Number.NEGATIVE_INFINITY, now)).toEqual({ kind: 'unbounded', at: now, sign: -1 });
  expect(numberReading(1.5, now)).toEqual(value(1.5));
});
