import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Judgement } from '../../domain/detection/judgement.js';
import { serviceState, serviceStates, worstOf } from '../../domain/service-state.js';

const judgement = fc.record({
  kind: fc.constantFrom('met', 'broken', 'noData'),
  since: fc.nat(),
  bad: fc.nat(3),
  of: fc.nat(3),
  last: fc.constant({ kind: 'value', at: 1, value: 1 }),
}) as fc.Arbitrary<Judgement>;

const facts = fc.record(
  {
    stopped: fc.boolean(),
    paused: fc.boolean(),
    held: fc.boolean(),
    cycle: fc.constantFrom('healing' as const, 'waiting' as const),
    judgements: fc.array(judgement, { maxLength: 4 }),
  },
  { requiredKeys: ['stopped', 'paused', 'held', 'judgements'] },
);

test('a service is ok only when every objective was measured and met', () => {
  fc.assert(
    fc.property(facts, (known) => {
      const measured = known.judgements.length > 0 && known.judgements.every(({ kind }) => kind === 'met');
      const left = !known.stopped && !known.paused && !known.held && known.cycle === undefined;
      expect(serviceState(known) === 'ok').toBe(measured && left);
    }),
  );
});

test('the state of a service never looks better than that of one of its members', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...serviceStates), { minLength: 1 }), (states) => {
      const rank = Math.min(...states.map((state) => serviceStates.indexOf(state)));
      expect(worstOf(states)).toBe(serviceStates[rank]);
    }),
  );
});
