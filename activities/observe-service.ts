import { setTimeout as sleep } from 'node:timers/promises';
import type { Observation, ObserveService } from '../contracts/activities.js';
import { boundSentence } from '../domain/detection/bound.js';
import { breachOf, isOutOfScope, type Member } from '../domain/detection/finding.js';
import { judge, type Judgement } from '../domain/detection/judgement.js';
import { readingSentence } from '../domain/detection/trust.js';
import type { Reading } from '../domain/reading.js';
import type { Objective, Service, Signal } from '../domain/service.js';
import { beating } from './beat.js';
import { serviceOf } from './case.js';
import { measureService } from './measure.js';
import type { Ports } from './ports.js';

type Needs = Pick<Ports, 'configurations' | 'meters' | 'samples'>;

export interface Judged {
  readonly objective: Objective;
  readonly judgement: Judgement;
}

/** A reading that got lost is no blindness: for so long hale looks again before it says that nothing can be measured. */
const BLIND_MS = 10_000;

/** Measures until every objective is either broken or not; a breach that is not old enough yet is waited for here. */
export const observeService =
  (ports: Needs) =>
  (input: ObserveService): Promise<Observation> =>
    beating(async (abort) => {
      const service = await serviceOf(ports, input);
      const look = await recentLook(ports, service, input.instance);
      const blindAt = Date.now() + BLIND_MS;
      for (;;) {
        const judged = await judgeNow(ports, look, abort);
        const undecided = judged.find(({ judgement }) => judgement.kind === 'met' && judgement.doubtfulSince !== undefined);
        const broken = judged.filter(({ judgement }) => judgement.kind === 'broken');
        if (broken.length > 0 || undecided === undefined) {
          const seen = conclude(service, input, judged);
          if (seen.kind !== 'noData' || Date.now() + nextDueMs(look) > blindAt) return seen;
        }
        await sleep(nextDueMs(look), undefined, { signal: abort });
      }
    });

/** Readings by signal name; grows while an activity goes on measuring. */
export type History = Map<string, Reading[]>;

/** One service or instance under the eyes of one activity. */
export interface Look {
  readonly service: Service;
  readonly instance: string | undefined;
  readonly history: History;
  /** When this look last took each signal, ms since the epoch: a source is not asked more often than it is configured for. */
  readonly taken: Map<string, number>;
}

/** A look that knows what watch stored lately, as far back as any objective looks. */
export async function recentLook(ports: Needs, service: Service, instance: string | undefined): Promise<Look> {
  const history: History = new Map();
  for (const objective of service.objectives) {
    const signal = signalOf(service, objective);
    const from = Date.now() - lookBackMs(service, objective);
    const readings = await ports.samples.since(service.name, signal.perInstance ? instance : undefined, signal.name, from);
    history.set(signal.name, [...readings]);
  }
  return { service, instance, history, taken: new Map() };
}

/** How far back readings may still bear on an objective, ms. */
export const lookBackMs = (service: Service, objective: Objective): number =>
  objective.forMs + objective.votes.of * signalOf(service, objective).everyMs + objective.silenceMs;

/** Takes a fresh reading of every objective's signal that is due, the first time of all of them, and judges. */
export async function judgeNow(ports: Needs, look: Look, abort: AbortSignal): Promise<Judged[]> {
  const { service, instance, history, taken } = look;
  const now = Date.now();
  const due = judgedSignals(service).filter((signal) => dueAt(look, signal) <= now);
  for (const { name } of due) taken.set(name, now);
  const fresh = await measureService(ports.meters, service.name, instance, due, service.signals, abort);
  for (const { signal, reading } of fresh) history.set(signal, [...(history.get(signal) ?? []), reading]);
  return service.objectives.map((objective) => ({
    objective,
    judgement: judge(objective, history.get(objective.signal) ?? [], Date.now()),
  }));
}

/** How long until some signal is due again, ms. */
export const nextDueMs = (look: Look): number =>
  Math.max(1, Math.min(...judgedSignals(look.service).map((signal) => dueAt(look, signal))) - Date.now());

const dueAt = ({ taken }: Look, { name, everyMs }: Signal): number => (taken.get(name) ?? -Infinity) + everyMs;

export const judgedSignals = ({ signals, objectives }: Service): Signal[] =>
  signals.filter((signal) => objectives.some((objective) => objective.signal === signal.name));

export function signalOf(service: Service, objective: Objective): Signal {
  const signal = service.signals.find((one) => one.name === objective.signal);
  if (signal === undefined) throw new Error(`objective ${objective.name} of ${service.name} names no signal ${objective.signal}`);
  return signal;
}

function conclude(service: Service, input: ObserveService, judged: readonly Judged[]): Observation {
  const broken = judged.filter(({ judgement }) => judgement.kind === 'broken');
  if (broken.length > 0)
    return { kind: 'broken', findings: broken.map((one) => breachOf(memberOf(service, input.instance), one.objective, one.judgement)) };
  const blind = judged.filter(({ judgement }) => judgement.kind === 'noData' && !isOutOfScope(judgement));
  const asked = blind.some(({ objective }) => objective.name === input.objective);
  const evidence = sentenceOf(judged);
  if (asked || (blind.length > 0 && blind.length === judged.length)) return { kind: 'noData', evidence };
  return { kind: 'clear', evidence };
}

const memberOf = ({ name }: Service, instance: string | undefined): Member => ({
  service: name,
  ...(instance === undefined ? {} : { instance }),
});

/** "up is 0, asked for above 0; latency is 0.02, asked for below 0.5" */
export const sentenceOf = (judged: readonly Judged[]): string => (judged.length === 0 ? 'it has no objectives' : sentencesOf(judged));

const sentencesOf = (judged: readonly Judged[]): string =>
  judged
    .map(
      ({ objective, judgement }) =>
        `${objective.signal} is ${readingSentence(judgement.last)}, asked for ${boundSentence(objective.bound)}`,
    )
    .join('; ');

/** Met beyond doubt: the good votes leave too few for a breach, however the rest of the ballot turns out. */
export const isMet = ({ objective: { votes }, judgement }: Judged): boolean =>
  judgement.kind === 'met' && judgement.doubtfulSince === undefined && judgement.of - judgement.bad > votes.of - votes.bad;
