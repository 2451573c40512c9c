import { faults } from '../faults/faults.js';
import { goodBound, isGood } from './judge.js';
import type { Result } from './result.js';

type Facts = Omit<Result, 'bit' | 'passed' | 'why'>;

/** Fewer bad answers than this are noise, not a broken shop. */
const badProbesMin = 3;
/** Fewer questions a second than this are too little load to say anything. */
const probesPerSecondMin = 25;

/** Judges one run. `why` names every reason for which it did not pass. */
export function judged(facts: Facts): Result {
  const bit = isGood(facts.before, goodBound) && facts.broken.of - facts.broken.good >= badProbesMin;
  const why = facts.undo === 'impossible' ? shortOfStranded(facts) : shortOfHealed(facts);
  return { ...facts, bit, passed: bit && why.length === 0, why };
}

function shortOfStranded({ outcome, leftRight }: Facts): string[] {
  return [
    ...(outcome === 'stranded' ? [] : [`outcome ${outcome}, expected stranded since the undo was made impossible`]),
    ...(leftRight ? [] : ["the other person's release was not left alone"]),
  ];
}

function shortOfHealed(facts: Facts): string[] {
  const { fault, outcome, correction, held, heldSeconds, holdSeconds, relapseSeconds } = facts;
  const right: readonly string[] = faults[fault].repairedBy;
  return [
    ...(outcome === 'healed' ? [] : [`outcome ${outcome}, expected healed`]),
    ...(correction !== null && right.includes(correction) ? [] : [`repaired by ${correction}, expected ${right.join(' or ')}`]),
    ...(isGood(held, goodBound) ? [] : [`${held.good} of ${held.of} probes good after the outcome, expected ${goodBound}`]),
    ...(held.of >= heldSeconds * probesPerSecondMin ? [] : [`only ${held.of} probes in ${heldSeconds} s`]),
    ...(facts.secondsToAnswer === null ? ['the shop never answered again'] : []),
    ...(facts.leftRight ? [] : ['a wrong configuration or release was left in place']),
    ...(facts.restored === false ? ['the target was never again as it was before the wrong correction'] : []),
    ...(relapseSeconds === null || holdSeconds >= 3 * relapseSeconds ? [] : [`hold ${holdSeconds} s < 3 x relapse ${relapseSeconds} s`]),
    ...facts.effects.filter(({ times }) => times > 1).map(({ actionId, times }) => `${actionId} was done ${times} times`),
  ];
}
