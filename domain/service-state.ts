import type { Judgement } from './detection/judgement.js';

/** How a service or instance stands, in the order in which one outranks the next. */
export const serviceStates = ['stopped', 'paused', 'held', 'healing', 'waiting', 'degraded', 'noData', 'ok'] as const;

export type ServiceState = (typeof serviceStates)[number];

export const measuredStates = ['degraded', 'noData', 'ok'] as const;

export type MeasuredState = (typeof measuredStates)[number];

/** What is known of one service or instance. `cycle` says what its running cycle does, if one runs. */
export interface ServiceFacts {
  readonly stopped: boolean;
  readonly paused: boolean;
  readonly held: boolean;
  readonly cycle?: 'healing' | 'waiting';
  readonly judgements: readonly Judgement[];
}

/** The state that outranks all others that apply. Health needs evidence: `ok` is only what was measured, all of it. */
export function serviceState(facts: ServiceFacts): ServiceState {
  if (facts.stopped) return 'stopped';
  if (facts.paused) return 'paused';
  if (facts.held) return 'held';
  return facts.cycle ?? measuredState(facts.judgements);
}

/** What the measurements alone say, whatever people or cycles do. */
export function measuredState(judgements: readonly Judgement[]): MeasuredState {
  if (judgements.some(breaks)) return 'degraded';
  if (judgements.length === 0 || judgements.some((judgement) => judgement.kind === 'noData')) return 'noData';
  return 'ok';
}

/** A bound that is broken now, even when not yet for long enough to be a breach. */
const breaks = (judgement: Judgement): boolean =>
  judgement.kind === 'broken' || (judgement.kind === 'met' && judgement.doubtfulSince !== undefined);

/** The state of a service is the one of its members that outranks the others. */
export function worstOf(states: readonly ServiceState[]): ServiceState {
  return serviceStates.find((state) => states.includes(state)) ?? 'noData';
}
