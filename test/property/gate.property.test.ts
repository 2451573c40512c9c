import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gate } from '../../domain/gate.js';
import { factsOf, monotonyOf, plantedGates, randomStates, worsenings } from '../support/gate-states.js';

test('in 10,000 random states nothing that speaks against acting ever allows more', () => {
  const found = monotonyOf(gate, 10_000, 20_261_128);
  expect(found.violations).toEqual([]);
  expect(found.states).toBe(10_000);
  expect(found.pairs).toBe(10_000 * Object.keys(worsenings).length);
  // The states reach every answer, and most worsenings make a difference somewhere: else nothing was put to the test.
  for (const count of Object.values(found.answers)) expect(count).toBeGreaterThan(500);
  expect(found.stricter).toBeGreaterThan(10_000);
});

test('whatever the seed, one more reason never allows more', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => monotonyOf(gate, 50, seed).violations.length === 0),
    { numRuns: 20 },
  );
});

test.each(Object.entries(plantedGates))('a gate with a mistake is caught: %s', (_, planted) => {
  expect(monotonyOf(planted, 2_000, 1).violations).not.toEqual([]);
});

test('hale acts alone only in mode act, at a level that allows it, and only where it can take back or needs not', () => {
  const acts = randomStates(5_000, 7).filter((state) => gate(state.correction, factsOf(state)).kind === 'act');
  expect(acts.length).toBeGreaterThan(250);
  for (const { correction, facts } of acts) {
    expect(correction.mode).toBe('act');
    expect([correction.undo, correction.provider]).not.toContain('irreversible');
    expect(correction.provider).not.toBe('inactive');
    expect(facts.level ?? 4).toBeGreaterThanOrEqual(correction.undo === 'loses' ? 4 : 3);
    expect(facts.now - (facts.lastAppliedAt ?? -Infinity)).toBeGreaterThanOrEqual(correction.cooldownMs);
    expect(facts.budgets?.every(({ used, max }) => used < max) ?? true).toBe(true);
  }
});
