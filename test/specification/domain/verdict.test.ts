import { expect, test } from 'vitest';
import { verdictOnHold } from '../../../domain/verdict.js';
import type { Reading } from '../../../domain/reading.js';
import type { Objective } from '../../../domain/service.js';

const objective = (name: string, changed: Partial<Objective> = {}): Objective => ({
  name,
  signal: name,
  bound: { above: 0 },
  forMs: 0,
  votes: { bad: 1, of: 1 },
  silenceMs: 3_000,
  holdMs: 10_000,
  ...changed,
});
const start = Date.UTC(2026, 0, 1);
const at = (second: number): number => start + second * 1_000;

/** `1` good, `0` bad, `-` missing; one reading a second. */
const watched = (name: string, text: string, changed: Partial<Objective> = {}) => ({
  objective: objective(name, changed),
  readings: text
    .split('')
    .map((mark, second): Reading =>
      mark === '-'
        ? { kind: 'noData', at: at(second), reason: 'timeout', detail: '' }
        : { kind: 'value', at: at(second), value: Number(mark) },
    ),
});
const verdict = (up: string, errors: string, changed: Partial<Objective> = {}) =>
  verdictOnHold([watched('up', up, changed), watched('errors', errors, changed)], ['up'], start, at(up.length - 1));

test('what stayed met for the whole window held', () => {
  expect(verdict('11111', '11111')).toMatchObject({ kind: 'held', evidence: expect.stringContaining('up stayed met for 4.0s') });
});

test('a symptom that comes back within the window is no success', () => {
  expect(verdict('11101', '11111')).toEqual({ kind: 'unchanged', evidence: 'relapse: up broke again after 3.0s' });
});

test('a guard signal that breaks within the window makes it worse', () => {
  expect(verdict('11111', '11001')).toEqual({ kind: 'worse', evidence: 'errors was met and broke 2.0s into the hold window' });
});

test('a bad reading shorter than its objective asks for is no relapse', () => {
  expect(verdict('11011', '11011', { forMs: 2_000 })).toMatchObject({ kind: 'held' });
  expect(verdict('110001', '111111', { forMs: 2_000 })).toMatchObject({ kind: 'unchanged' });
});

test('a relapse counts only with as many bad votes as its objective asks for', () => {
  const votes = { votes: { bad: 2, of: 3 } };
  expect(verdict('1101101', '1111111', votes)).toMatchObject({ kind: 'held' });
  expect(verdict('110101', '111111', votes)).toMatchObject({ kind: 'unchanged' });
});

test('a relapse that begins too late in the window to be a breach leaves it in doubt', () => {
  expect(verdict('111100', '111111', { forMs: 5_000 })).toMatchObject({ kind: 'inDoubt', evidence: expect.stringContaining('up 0') });
  expect(verdict('111110', '111111', { votes: { bad: 2, of: 3 } })).toMatchObject({ kind: 'inDoubt' });
});

test('a guard signal at the end of the window is in doubt only by a breach that is not old enough', () => {
  expect(verdict('111111', '111100', { forMs: 5_000 })).toMatchObject({ kind: 'inDoubt', evidence: expect.stringContaining('errors 0') });
  expect(verdict('111111', '111110', { votes: { bad: 2, of: 3 } })).toMatchObject({ kind: 'held' });
});

test('a guard signal that goes blind in the window is no success', () => {
  expect(verdict('111111', '11----')).toMatchObject({ kind: 'noData', evidence: expect.stringContaining('errors: no reading') });
});

test('a guard signal whose own condition is not met says so and is not blind', () => {
  const quiet = { kind: 'noData', reason: 'conditionNotMet', detail: '' } as const;
  const readings = [0, 1, 2, 3, 4, 5].map((second): Reading => ({ ...quiet, at: at(second) }));
  const guard = { objective: objective('errors'), readings };
  expect(verdictOnHold([watched('up', '111111'), guard], ['up'], start, at(5))).toMatchObject({ kind: 'held' });
});

test('a silence in the window longer than allowed is no success', () => {
  expect(verdict('11---1', '111111')).toMatchObject({ kind: 'noData', evidence: expect.stringContaining('no reading for 4.0s') });
  expect(verdict('11--11', '111111')).toMatchObject({ kind: 'held' });
});

test('a window that begins or ends in silence is no success', () => {
  expect(verdict('----11', '111111')).toMatchObject({ kind: 'noData' });
  expect(verdict('11----', '111111')).toMatchObject({ kind: 'noData' });
  expect(verdict('------', '111111')).toMatchObject({ kind: 'noData' });
});

test('a relapse that was seen counts more than a silence around it', () => {
  expect(verdict('1----0', '111111')).toMatchObject({ kind: 'unchanged' });
});
