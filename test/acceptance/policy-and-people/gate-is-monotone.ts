import { gate } from '../../../domain/gate.js';
import type { Measured } from '../../support/acceptance/step.js';
import { monotonyOf, plantedGates, worsenings } from '../../support/gate-states.js';

export const title = 'nothing that speaks against acting ever allows more';
export const bound = '0 violations in 10,000 random gate states, every planted mistake caught';

export async function run(full: boolean, seed: number): Promise<Measured> {
  const runs = full ? 100_000 : 10_000;
  const found = monotonyOf(gate, runs, seed);
  const planted = Object.entries(plantedGates);
  const missed = planted.filter(([, decide]) => monotonyOf(decide, 2_000, seed).violations.length === 0).map(([name]) => name);
  const { act, ask, refuse } = found.answers;
  return {
    value: `${found.violations.length} violations in ${found.states} states (${found.pairs} pairs), ${planted.length - missed.length} of ${planted.length} planted mistakes caught`,
    ok: found.violations.length === 0 && missed.length === 0,
    hitEnough: found.states === runs && Math.min(act, ask, refuse) > runs / 20 && found.stricter > runs,
    evidence: [
      `${Object.keys(worsenings).length} kinds of worsening; before: ${act} act, ${ask} ask, ${refuse} refuse; ${found.stricter} pairs became stricter`,
      ...found.violations.slice(0, 10),
      ...missed.map((name) => `missed: ${name}`),
    ].join('\n'),
  };
}
