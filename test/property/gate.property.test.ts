import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gate, type GateFacts } from '../../domain/gate.js';
import type { CorrectionBrief } from '../../domain/service.js';
import { anybody } from '../support/anybody.js';

const corrections: fc.Arbitrary<CorrectionBrief> = fc.record({
  name: fc.constant('fix'),
  provider: fc.constantFrom('exec', 'file', 'inactive'),
  mode: fc.constantFrom('observe', 'ask', 'act'),
  undo: fc.constantFrom('restores', 'nothingToRestore', 'loses', 'irreversible'),
  settleMs: fc.nat(),
  holdMs: fc.nat(),
  timeoutMs: fc.nat(),
  cooldownMs: fc.nat({ max: 100 }),
  approvals: fc.constant(anybody),
});

const facts: fc.Arbitrary<GateFacts> = fc.record(
  {
    now: fc.nat({ max: 200 }),
    stopped: fc.boolean(),
    attempts: fc.nat({ max: 5 }),
    attemptsMax: fc.integer({ min: 1, max: 5 }),
    paused: fc.constant({ by: 'ada' }),
    held: fc.constant({ since: 0, outcome: 'escalated' }),
    rejected: fc.constant({ by: 'bob', at: 0 }),
    lastAppliedAt: fc.nat({ max: 200 }),
  },
  { requiredKeys: ['now', 'stopped', 'attempts', 'attemptsMax'] },
);

/** Each makes one more thing speak against acting. */
const reasons: readonly Partial<GateFacts>[] = [
  { stopped: true },
  { paused: { by: 'bob' } },
  { held: { since: 0, outcome: 'stranded' } },
  { attempts: 5 },
  { rejected: { by: 'eve', at: 0 } },
];

test('one more reason to refuse always refuses, whatever else is the case', () => {
  fc.assert(
    fc.property(corrections, facts, (correction, seen) => {
      for (const reason of reasons) expect(gate(correction, { ...seen, ...reason }).kind).toBe('refuse');
    }),
    { numRuns: 1_000 },
  );
});

test('hale acts alone only in mode act and only on what it can take back or need not', () => {
  fc.assert(
    fc.property(corrections, facts, (correction, seen) => {
      if (gate(correction, seen).kind !== 'act') return;
      expect(correction).toMatchObject({ mode: 'act' });
      expect([correction.undo, correction.provider]).not.toContain('irreversible');
      expect(correction.provider).not.toBe('inactive');
      expect(seen.now - (seen.lastAppliedAt ?? -Infinity)).toBeGreaterThanOrEqual(correction.cooldownMs);
    }),
  );
});
