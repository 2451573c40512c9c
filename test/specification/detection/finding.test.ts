import { expect, test } from 'vitest';
import { findingAfter } from '../../../domain/detection/finding.js';
import type { Judgement } from '../../../domain/detection/judgement.js';
import type { MeasuredFinding } from '../../../domain/finding.js';
import type { Objective } from '../../../domain/service.js';

const objective: Objective = {
  name: 'errors',
  signal: 'errors',
  bound: { below: 0.1 },
  forMs: 0,
  votes: { bad: 1, of: 1 },
  silenceMs: 10_000,
  holdMs: 10_000,
};
const now = Date.UTC(2026, 0, 1);
const broken = (value: number, since = now): Judgement => ({
  kind: 'broken',
  since,
  bad: 1,
  of: 1,
  last: { kind: 'value', at: now, value },
});
const noData = (since: number, reason: 'absent' | 'conditionNotMet' = 'absent'): Judgement => ({
  kind: 'noData',
  since,
  bad: 0,
  of: 0,
  last: { kind: 'noData', at: now, reason, detail: '' },
});
const met = (doubtfulSince?: number): Judgement => ({
  kind: 'met',
  since: now,
  bad: 0,
  of: 1,
  last: { kind: 'value', at: now, value: 0 },
  ...(doubtfulSince === undefined ? {} : { doubtfulSince }),
});
const after = (before: MeasuredFinding | undefined, judgement: Judgement) =>
  findingAfter(before, { service: 'shop' }, objective, judgement, now);
const breach = after(undefined, broken(0.1));

test('a breach keeps its onset and its worst severity until it is closed', () => {
  expect(breach).toMatchObject({ kind: 'breach', onset: now, severity: 'warning', evidence: { bound: 'below 0.1' } });
  const worse = after(breach, broken(0.2, now + 5_000));
  expect(worse).toMatchObject({ onset: now, severity: 'critical' });
  expect(after(worse, broken(0.1))).toMatchObject({ severity: 'critical', evidence: { last: { value: 0.1 } } });
  expect(after(worse, met())).toBeUndefined();
});

test('doubt and missing data neither open nor close a breach', () => {
  expect(after(breach, met(now))).toBe(breach);
  expect(after(undefined, met(now))).toBeUndefined();
  expect(after(breach, noData(now - 60_000))).toBe(breach);
});

test('data missing for as long as allowed is a silence, which data end', () => {
  expect(after(undefined, noData(now - 9_999))).toBeUndefined();
  const silence = after(undefined, noData(now - 10_000));
  expect(silence).toMatchObject({ kind: 'silence', severity: 'warning', onset: now - 10_000 });
  expect(after(silence, met())).toBeUndefined();
  expect(after(silence, broken(0.3))).toMatchObject({ kind: 'breach', severity: 'critical', onset: now });
});

test('a signal silenced by its own condition is no silence', () => {
  expect(after(undefined, noData(now - 60_000, 'conditionNotMet'))).toBeUndefined();
  expect(after(breach, noData(now - 60_000, 'conditionNotMet'))).toBeUndefined();
});
