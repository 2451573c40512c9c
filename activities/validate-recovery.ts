import { setTimeout as sleep } from 'node:timers/promises';
import type { AwaitRecovery, Recovery, ValidateHold } from '../contracts/activities.js';
import type { Service } from '../domain/service.js';
import { verdictOnHold, type HoldVerdict, type Verdict } from '../domain/verdict.js';
import { beating } from './beat.js';
import { serviceOf } from './case.js';
import { isMet, judgeNow, nextDueMs, sentenceOf, signalOf, type History, type Judged } from './observe-service.js';
import type { Ports } from './ports.js';

type Needs = Pick<Ports, 'configurations' | 'meters' | 'samples'>;

/**
 * Measures until the symptom is gone, or `settleMs` have passed. Only readings taken after the action count. The hold window
 * must not begin while another objective is still in doubt: a share over the last minute breaks and mends later than the
 * service does, and would count as harm that the correction did.
 */
export const awaitRecovery =
  (ports: Needs) =>
  (input: AwaitRecovery): Promise<Recovery> =>
    beating(async (abort) => {
      const service = await serviceOf(ports, input);
      const look = { service, instance: input.instance, history: new Map(), taken: new Map() };
      const until = Date.now() + input.settleMs;
      for (;;) {
        const judged = await judgeNow(ports, look, abort);
        const repaired = judged.filter(({ objective }) => input.broken.includes(objective.name));
        const guards = judged.filter((one) => !repaired.includes(one));
        const isLate = Date.now() >= until;
        if (repaired.every(isMet) && guards.every(isLate ? isNotBroken : isQuiet))
          return { kind: 'recovered', at: Date.now(), evidence: sentenceOf(repaired) };
        if (isLate) return notRecovered(judged, input);
        await sleep(nextDueMs(look), undefined, { signal: abort });
      }
    });

const isNotBroken = ({ judgement }: Judged): boolean => judgement.kind !== 'broken';

/** Neither broken nor about to be, as far as anybody knows. */
const isQuiet = (one: Judged): boolean => isNotBroken(one) && (one.judgement.kind !== 'met' || one.judgement.doubtfulSince === undefined);

function notRecovered(judged: readonly Judged[], { broken, settleMs }: AwaitRecovery): Verdict {
  const mine = judged.filter(({ objective }) => broken.includes(objective.name));
  const newlyBroken = judged.filter((one) => !broken.includes(one.objective.name) && one.judgement.kind === 'broken');
  if (newlyBroken.length > 0) return { kind: 'worse', evidence: `broken now and not before: ${sentenceOf(newlyBroken)}` };
  // Without one bad reading there is nothing against the correction: too little was seen of it.
  const seenBad = mine.some(({ judgement }) => judgement.kind === 'broken' || judgement.bad > 0);
  return { kind: seenBad ? 'unchanged' : 'noData', evidence: `after ${settleMs / 1000}s ${sentenceOf(mine)}` };
}

/** Judges the hold window so far, from what watch stored and one fresh reading of everything. */
export const validateHold =
  (ports: Needs) =>
  (input: ValidateHold): Promise<HoldVerdict> =>
    beating(async (abort) => {
      const service = await serviceOf(ports, input);
      const history = await readingsSince(ports, service, input);
      await judgeNow(ports, { service, instance: input.instance, history, taken: new Map() }, abort);
      const watched = service.objectives.map((objective) => ({ objective, readings: history.get(objective.signal) ?? [] }));
      return verdictOnHold(watched, input.broken, input.from, Date.now());
    });

async function readingsSince(ports: Needs, service: Service, input: ValidateHold): Promise<History> {
  const history: History = new Map();
  for (const objective of service.objectives) {
    const signal = signalOf(service, objective);
    const instance = signal.perInstance ? input.instance : undefined;
    history.set(signal.name, [...(await ports.samples.since(service.name, instance, signal.name, input.from))]);
  }
  return history;
}
