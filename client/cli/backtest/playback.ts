import type { Getter } from '../../../adapters/prometheus/get.js';
import {
  absent,
  ambiguous,
  columnOf,
  namesAt,
  pointsMax,
  readRange,
  type Column,
  type Grid,
  type Ranged,
} from '../../../adapters/prometheus/range.js';
import type { Answered, Simulation } from '../../../domain/backtest/simulation.js';
import { numberReading } from '../../../domain/detection/trust.js';
import { fillSlots } from '../../../domain/detection/slots.js';
import type { Question } from '../../../domain/detection/scope.js';
import type { Reading } from '../../../domain/reading.js';
import type { PrometheusSource, Service } from '../../../domain/service.js';
import { Failure } from '../exit-codes.js';

export interface Period {
  readonly from: number;
  readonly until: number;
  readonly stepMs: number;
}

/** The server that answers for a source. */
export type GetterOf = (source: PrometheusSource) => Getter;

/** As often as the watch asks who the instances are. */
const membersEveryMs = 30_000;

/** Plays a period of Prometheus' history to a simulation, part by part, as large as Prometheus answers at once. */
export async function playBack(
  simulation: Simulation,
  services: readonly Service[],
  { from, until, stepMs }: Period,
  getterOf: GetterOf,
  readUpTo: (at: number) => void,
): Promise<void> {
  for (let at = from; at <= until; at += pointsMax * stepMs) {
    const grid: Grid = { from: at, stepMs, points: Math.min(pointsMax, Math.floor((until - at) / stepMs) + 1) };
    await playPart(simulation, services, grid, getterOf);
    readUpTo(Math.min(until, at + grid.points * stepMs));
  }
}

async function playPart(simulation: Simulation, services: readonly Service[], grid: Grid, getterOf: GetterOf): Promise<void> {
  const part = new Part(grid, getterOf);
  const names = new Map<string, (readonly string[])[]>();
  for (const service of services) {
    const { instances } = service;
    if (instances?.kind !== 'discovered') continue;
    names.set(service.name, namesAt(instances.by, await part.read(instances.source, instances.query), grid));
  }
  for (const service of services) await part.prepare(service, [...new Set(names.get(service.name)?.flat())]);
  for (let index = 0; index < grid.points; index += 1) {
    const now = grid.from + index * grid.stepMs;
    if (index === 0 || now % membersEveryMs < grid.stepMs) for (const [service, at] of names) follow(simulation, service, at[index]);
    simulation.take(part.answers(simulation.questions, index, now), now);
  }
}

/** An unknown membership is not an empty one: the last one known goes on. */
function follow(simulation: Simulation, service: string, names: readonly string[] | undefined): void {
  if (names !== undefined && names.length > 0) simulation.members(service, names);
}

class Part {
  readonly #grid: Grid;
  readonly #getterOf: GetterOf;
  readonly #read = new Map<string, Ranged>();
  readonly #columns = new Map<string, Column>();
  #asked: readonly Question[] = [];
  #askedColumns: (Column | undefined)[] = [];

  constructor(grid: Grid, getterOf: GetterOf) {
    this.#grid = grid;
    this.#getterOf = getterOf;
  }

  /** Each query once, whoever needs it. Throws `Failure` (unreachable): a hole in what was read is no hole in history. */
  async read(source: PrometheusSource, query: string): Promise<Extract<Ranged, { kind: 'series' }>['series']> {
    const key = `${source.url}\n${query}`;
    const ranged = this.#read.get(key) ?? (await readRange(this.#getterOf(source), query, this.#grid));
    this.#read.set(key, ranged);
    if (ranged.kind === 'series') return ranged.series;
    throw new Failure('unreachable', `${this.#getterOf(source).url} does not answer ${query}: ${ranged.detail}`, 'Nothing was changed.');
  }

  async prepare({ name, signals, instances }: Service, discovered: readonly string[]): Promise<void> {
    const members = instances?.kind === 'listed' ? instances.names : discovered;
    for (const signal of signals) {
      if (signal.kind !== 'promql') continue;
      for (const instance of signal.perInstance ? members : [undefined]) {
        const filled = fillSlots(signal.query, { service: name, ...(instance === undefined ? {} : { instance }) });
        if (filled.kind === 'refused') continue;
        const all = await this.read(signal.source, filled.value);
        this.#columns.set(columnKey(name, instance, signal.name), columnOf(instance, filled.value, all, this.#grid));
      }
    }
    this.#read.clear();
  }

  answers(questions: readonly Question[], index: number, now: number): Answered[] {
    if (questions !== this.#asked) {
      this.#asked = questions;
      this.#askedColumns = questions.map(({ service, instance, signal }) => this.#columns.get(columnKey(service, instance, signal.name)));
    }
    const { stepMs } = this.#grid;
    const answers: Answered[] = [];
    questions.forEach((question, position) => {
      const { everyMs } = question.signal;
      if (everyMs > stepMs && now % everyMs >= stepMs) return;
      answers.push({ question, reading: readingOf(this.#askedColumns[position], index, now) });
    });
    return answers;
  }
}

const columnKey = (service: string, instance: string | undefined, signal: string): string => `${service}\n${instance ?? ''}\n${signal}`;

function readingOf(column: Column | undefined, index: number, at: number): Reading {
  switch (column?.kinds[index]) {
    case undefined:
    case absent:
      return { kind: 'noData', at, reason: 'absent', detail: 'no series then' };
    case ambiguous:
      return { kind: 'noData', at, reason: 'ambiguous', detail: 'several series then' };
    default:
      return numberReading(column?.values[index] ?? Number.NaN, at);
  }
}
