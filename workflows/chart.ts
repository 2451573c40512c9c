import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { CycleOrder, CycleState, Phase } from '../contracts/cycle.js';
import { searchAttributes } from '../contracts/names.js';
import type { Outcome } from '../domain/outcome.js';
import type { Desk } from './desk.js';
import { details } from './details.js';

/** Phases at which the search attributes change too; every upsert is an event, so not at each step. */
const ATTRIBUTED: readonly Phase[] = ['detect', 'approve', 'correct', 'validate', 'closed'];

/**
 * What people see of a running cycle: the `state` query, the current details in the Temporal UI and the search
 * attributes. Written by the runbook, never read by it.
 */
export class Chart {
  #phase: Phase = 'detect';
  #sentence = 'starting';
  #attempt = 0;
  #incident: string | undefined;
  #correction: string | undefined;
  #outcome: Outcome | undefined;

  constructor(
    private readonly order: () => CycleOrder | undefined,
    private readonly desk: () => Desk,
    private readonly broken: () => readonly string[],
  ) {}

  opened(incident: string): void {
    this.#incident = incident;
  }

  /** A phase begins; the sentence says what and why. */
  enter(
    phase: Phase,
    sentence: string,
    attempt: { readonly number: number; readonly correction?: string } = { number: this.#attempt },
  ): void {
    this.#phase = phase;
    this.#sentence = sentence;
    this.#attempt = attempt.number;
    this.#correction = attempt.correction ?? this.#correction;
    this.show();
    if (ATTRIBUTED.includes(phase)) this.#attribute();
  }

  /** What is going on within the phase. */
  say(sentence: string): void {
    this.#sentence = sentence;
    this.show();
  }

  closed(outcome: Outcome, sentence: string): void {
    this.#outcome = outcome;
    this.enter('closed', sentence);
  }

  state(): CycleState {
    const { paused, ask, refusals } = this.desk();
    const order = this.order();
    return {
      service: order?.service ?? 'unknown',
      ...(order?.instance === undefined ? {} : { instance: order.instance }),
      ...(this.#incident === undefined ? {} : { incident: this.#incident }),
      phase: this.#phase,
      sentence: this.#sentence,
      attempt: this.#attempt,
      ...(this.#correction === undefined ? {} : { correction: this.#correction }),
      ...(paused === undefined ? {} : { paused }),
      ...(ask === undefined ? {} : { ask }),
      refusals,
      ...(this.#outcome === undefined ? {} : { outcome: this.#outcome }),
    };
  }

  /** Current details, as the Temporal UI shows them. */
  show(): void {
    setCurrentDetails(details(this.state(), { ...this.order(), broken: this.broken() }));
  }

  #attribute(): void {
    const keyword = (name: string, value: string | undefined) => (value === undefined ? {} : { [name]: [value.slice(0, 255)] });
    upsertSearchAttributes({
      ...keyword(searchAttributes.service, this.order()?.service),
      ...keyword(searchAttributes.phase, this.#phase),
      ...keyword(searchAttributes.outcome, this.#outcome),
      ...keyword(searchAttributes.severity, this.order()?.finding?.severity),
      ...keyword(searchAttributes.correction, this.#correction),
      [searchAttributes.attempt]: [this.#attempt],
    });
  }
}

/** Stable over reset and continue-as-new, unlike the run's own id. */
export const cycleId = (): string => workflowInfo().firstExecutionRunId;
