import { expect, test } from 'vitest';
import { isMonitoringSilent } from '../../../domain/detection/monitoring.js';
import { reportDue, type LastCycle } from '../../../domain/detection/reporting.js';
import { shardOf } from '../../../domain/detection/shard.js';

const now = Date.UTC(2026, 0, 1);
const seconds = (n: number): number => now - n * 1000;
const running: LastCycle = { kind: 'running' };
const ended = (ago: number): LastCycle => ({ kind: 'ended', at: seconds(ago) });
const told = (ago: number, settled = false) => ({ at: seconds(ago), severity: 'warning', settled }) as const;

test('a finding is reported at once when it opens', () => {
  expect(reportDue(undefined, 'warning', { kind: 'none' }, now)).toBe(true);
});

test('nothing is reported twice within ten seconds', () => {
  expect(reportDue(told(9.9), 'critical', ended(9), now)).toBe(false);
  expect(reportDue(told(9.9, true), 'warning', ended(9), now)).toBe(false);
});

test('a rising severity is reported again, a steady one is not while a cycle runs', () => {
  expect(reportDue(told(11), 'critical', running, now)).toBe(true);
  expect(reportDue(told(3_000), 'warning', running, now)).toBe(false);
});

test('what still holds 30 seconds after its cycle ended is reported again', () => {
  expect(reportDue(told(60), 'warning', ended(29.9), now)).toBe(false);
  expect(reportDue(told(60), 'warning', ended(30), now)).toBe(true);
});

test('what the policy refused is reported again after two minutes, or soon after something has turned', () => {
  const refused: LastCycle = { ...ended(60), outcome: 'refused' } as LastCycle;
  expect(reportDue(told(80), 'warning', refused, now)).toBe(false);
  expect(reportDue(told(200), 'warning', { ...ended(120), outcome: 'refused' } as LastCycle, now)).toBe(true);
  expect(reportDue(told(80), 'warning', refused, now, [seconds(5)])).toBe(true);
  expect(reportDue(told(80), 'warning', refused, now, [seconds(71)]), 'long before the refusal').toBe(false);
  expect(reportDue(told(80), 'warning', refused, now, [seconds(-1)]), 'still to come').toBe(false);
  expect(reportDue(told(80), 'warning', refused, now, [seconds(61)]), 'while it was being refused').toBe(true);
});

test('a report whose cycle was lost is repeated', () => {
  expect(reportDue(told(10), 'warning', { kind: 'none' }, now)).toBe(true);
});

test('a new finding after all had ended is reported without waiting for the cycle', () => {
  expect(reportDue(told(11, true), 'warning', ended(5), now)).toBe(true);
});

test('row 35: half of the services without data is the monitoring, a single service is not', () => {
  expect(isMonitoringSilent(20, 40)).toBe(true);
  expect(isMonitoringSilent(19, 40)).toBe(false);
  expect(isMonitoringSilent(1, 1)).toBe(false);
});

test('services spread over shards, always the same way', () => {
  const counts = [0, 0, 0, 0];
  for (let n = 0; n < 1000; n += 1) counts[shardOf(`service-${n}`, 4)]! += 1;
  expect(Math.min(...counts)).toBeGreaterThan(180);
  expect(shardOf('shop', 1)).toBe(0);
  expect(shardOf('checkout', 16)).toBe(shardOf('checkout', 16));
});

test('what the policy refused is reported again only after two minutes', () => {
  const memory = { at: seconds(300), severity: 'critical', settled: false } as const;
  const refused = (ago: number): LastCycle => ({ kind: 'ended', at: seconds(ago), outcome: 'refused' });
  expect(reportDue(memory, 'critical', refused(119), now)).toBe(false);
  expect(reportDue(memory, 'critical', refused(121), now)).toBe(true);
});
