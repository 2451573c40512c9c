import type { Opened, Place } from '../contracts/activities.js';
import type { CycleOrder } from '../contracts/cycle.js';
import type { CorrectionBrief, Limits } from '../domain/service.js';
import { Chart, cycleId } from './chart.js';
import { Desk } from './desk.js';
import { Minutes } from './minutes.js';

type Open = Extract<Opened, { kind: 'open' }>;

const UNPERMITTED_MAX = 3;

/** What one run of the runbook knows: its order, its people's side, its chart, and what it did so far. */
export class Cycle {
  readonly id = cycleId();
  readonly desk: Desk;
  readonly chart: Chart;
  readonly minutes = new Minutes(this);
  /** Who said yes to which proposal, by hash. In one round nothing is done twice, so that one yes is for one act. */
  readonly approved = new Map<string, string>();
  /** How many corrections may have touched the world. */
  acted = 0;
  /** Objectives found broken at the last look. */
  broken: readonly string[] = [];
  /** Whether the symptom was there at the last look. */
  symptomStands = false;
  #attempts = 0;
  #unpermitted = 0;
  #order: CycleOrder | undefined;
  #open: Open | undefined;

  constructor() {
    this.desk = new Desk(
      () => this.chart.show(),
      (spoken, about, refused) => this.minutes.take(spoken, about, refused),
    );
    this.chart = new Chart(
      () => this.#order,
      () => this.desk,
      () => this.broken,
    );
  }

  begin(order: CycleOrder): void {
    this.#order = order;
  }

  opened(open: Open): void {
    this.#open = open;
    this.chart.opened(open.incident);
  }

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  get order(): CycleOrder {
    if (this.#order === undefined) throw new Error('the cycle has not begun');
    return this.#order;
  }

  get limits(): Limits {
    return this.#opened().limits;
  }

  get corrections(): readonly CorrectionBrief[] {
    return this.#opened().corrections;
  }

  get planOrder(): 'learned' | 'fixed' {
    return this.#opened().order;
  }

  /** What an earlier cycle left half done. */
  get leftovers(): Open['leftovers'] {
    return this.#opened().leftovers;
  }

  get onset(): number {
    return this.#opened().onset;
  }

  /** The symptom has stood, or will have stood `inMs` from now, for so long that a person must know. */
  isOverdue(inMs = 0): boolean {
    return Date.now() + inMs - this.onset > this.limits.escalateAfterMs;
  }

  get attempts(): number {
    return this.#attempts;
  }

  /** True a few times: what the last look before acting refuses over and over is not for the policy to explain any more. */
  mayLookAgain(): boolean {
    this.#unpermitted += 1;
    return this.#unpermitted <= UNPERMITTED_MAX;
  }

  nextAttempt(): number {
    this.#attempts += 1;
    return this.#attempts;
  }

  place(): Place {
    const { service, instance } = this.order;
    return { service, ...(instance === undefined ? {} : { instance }), configVersion: this.#opened().configVersion };
  }

  inIncident(): Place & { readonly incident: string } {
    return { ...this.place(), incident: this.#opened().incident };
  }

  #opened(): Open {
    if (this.#open === undefined) throw new Error('the incident has not been opened');
    return this.#open;
  }
}
