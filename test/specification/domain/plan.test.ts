import { expect, test } from 'vitest';
import type { Examination } from '../../../domain/diagnosis.js';
import { tally, type Lesson } from '../../../domain/lesson.js';
import { nextStep, planCorrections } from '../../../domain/plan.js';
import { brief } from '../../support/scripted-world.js';

const corrections = [brief('restart'), brief('last-good'), brief('other')];
const fits = (correction: string): Examination => ({ correction, applicable: true, evidence: `${correction} fits` });
const diagnosed = (examinations = corrections.map(({ name }) => fits(name))) => ({
  pattern: 'up:breach|restart',
  brokenDependencies: [],
  sentence: '',
  examinations,
});
const order = (steps: ReturnType<typeof planCorrections>) => steps.map(({ correction }) => correction.name);
const lesson = (correction: string, verdict: Lesson['verdict']): Lesson => ({
  actionId: `${correction}/${verdict}`,
  correction,
  pattern: 'up:breach|restart',
  service: 'shop',
  verdict,
  undone: false,
});

test('without lessons the order of the file is the plan', () => {
  expect(order(planCorrections(corrections, diagnosed(), [], 'learned'))).toEqual(['restart', 'last-good', 'other']);
});

test('what only failed on this pattern moves behind all others, and says so', () => {
  const plan = planCorrections(corrections, diagnosed(), [{ correction: 'restart', held: 0, tried: 2 }], 'learned');
  expect(order(plan)).toEqual(['last-good', 'other', 'restart']);
  expect(plan[2]?.why).toContain('never held on this pattern');
});

test('what held once keeps its place, however often it failed', () => {
  const plan = planCorrections(corrections, diagnosed(), [{ correction: 'restart', held: 1, tried: 9 }], 'learned');
  expect(order(plan)).toEqual(['restart', 'last-good', 'other']);
});

test('a fixed order is kept whatever was learned', () => {
  const plan = planCorrections(corrections, diagnosed(), [{ correction: 'restart', held: 0, tried: 2 }], 'fixed');
  expect(order(plan)).toEqual(['restart', 'last-good', 'other']);
});

test('what does not apply, or could not be examined, is skipped with its reason', () => {
  const seen: Examination[] = [{ correction: 'restart', applicable: false, reason: 'nothing to restart' }, fits('other')];
  const plan = planCorrections(corrections, diagnosed(seen), [], 'learned');
  expect(plan.map(({ kind, why }) => [kind, why])).toEqual([
    ['skip', 'nothing to restart'],
    ['skip', 'its target could not be examined'],
    ['try', 'other fits'],
  ]);
  expect(nextStep(plan, [])?.correction.name).toBe('other');
});

test('nothing is tried twice, and a person is left when all was tried', () => {
  const plan = planCorrections(corrections, diagnosed(), [], 'learned');
  expect(nextStep(plan, ['restart'])?.correction.name).toBe('last-good');
  expect(nextStep(plan, ['restart', 'last-good', 'other'])).toBeUndefined();
});

test('an attempt without data counts neither for nor against its correction', () => {
  const lessons = [lesson('restart', 'noData'), lesson('other', 'held'), lesson('other', 'worse'), lesson('other', 'unchanged')];
  expect(tally(lessons, 'shop')).toEqual([
    { correction: 'restart', held: 0, tried: 0 },
    { correction: 'other', held: 1, tried: 3 },
  ]);
});
