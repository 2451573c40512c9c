import type { ReportMemory } from '../../domain/detection/reporting.js';
import type { Reading, SignalReading } from '../../domain/reading.js';
import type { Question } from '../../domain/detection/scope.js';
import type { Ports } from '../ports.js';
import { Board, type BoardState, type Change } from '../../domain/detection/board.js';
import { Latest } from '../../domain/detection/latest.js';
import { GoodKeeper, releaseHolds } from './health.js';
import { Membership } from './members.js';
import { findingEvent, monitoringEvent, Notes } from './notes.js';
import { startReader, type Counters, type Reader } from './reader.js';
import { startRecorder, type Recorder } from './recorder.js';
import { Reporter } from './reporter.js';
import { emptyScope, scopeOf, type Watched } from '../../domain/detection/scope.js';

export type WatchPorts = Pick<
  Ports,
  | 'configurations'
  | 'meters'
  | 'members'
  | 'providers'
  | 'incidents'
  | 'controls'
  | 'knownGood'
  | 'samples'
  | 'shards'
  | 'cycles'
  | 'storms'
>;

/** Saved in PostgreSQL every few seconds and at hand-over. */
export interface WatchState extends BoardState {
  readonly savedAt: number;
  readonly reports: Readonly<Record<string, ReportMemory>>;
  readonly counters: Counters;
  readonly blindSince?: number;
}

interface Assignment {
  readonly shard: number;
  readonly shards: number;
  readonly generation: string;
  readonly saved: WatchState | undefined;
  /** How far before the saved state samples are read again, in ms. */
  readonly catchUpMs: number;
  readonly failed: (what: string, error: unknown) => void;
  readonly superseded: () => void;
}

/** One shard under watch: readings are taken, stored, judged and reported, in this order. */
export class Watcher {
  readonly #ports: WatchPorts;
  readonly #assignment: Assignment;
  readonly #board: Board;
  readonly #reporter: Reporter;
  readonly #recorder: Recorder;
  readonly #reader: Reader;
  readonly #notes: Notes;
  readonly #membership: Membership;
  readonly #goodKeeper: GoodKeeper;
  readonly #latest = new Latest();
  readonly #counters: Counters;
  #blindSince: number | undefined;
  #cursor = 0;

  constructor(ports: WatchPorts, assignment: Assignment) {
    const { saved, shard, generation, superseded } = assignment;
    this.#ports = ports;
    this.#assignment = assignment;
    this.#board = new Board(saved);
    this.#reporter = new Reporter(ports, saved?.reports);
    this.#notes = new Notes(ports.incidents);
    this.#membership = new Membership(ports.members);
    this.#goodKeeper = new GoodKeeper(ports);
    this.#counters = { due: saved?.counters.due ?? 0, done: saved?.counters.done ?? 0 };
    this.#blindSince = saved?.blindSince;
    const stored = (readings: readonly SignalReading[]): void => {
      this.#judge(this.#board.take(readings));
      this.#cursor = readings.reduce((newest, { reading }) => Math.max(newest, reading.at), this.#cursor);
    };
    this.#recorder = startRecorder({ shards: ports.shards, shard, generation, state: () => this.#state(), stored, superseded });
    this.#reader = startReader(ports.meters, (questions, readings) => this.#take(questions, readings), this.#counters);
  }

  get counters(): Counters {
    return { ...this.#counters };
  }

  /** Time of the newest reading that was stored and judged. */
  get cursor(): number {
    return this.#cursor;
  }

  /** Follows the configuration that is current now; the first time it also catches up with what a predecessor stored. */
  async reload(): Promise<void> {
    const fleet = await this.#ports.configurations.current();
    if (fleet === undefined || fleet.version === this.#board.scope.version) return;
    const { shard, shards, saved, catchUpMs } = this.#assignment;
    const isFirst = this.#board.scope === emptyScope;
    await this.#membership.refresh(scopeOf(fleet, shard, shards, () => []).services);
    const scope = scopeOf(fleet, shard, shards, this.#membership.namesOf);
    const names = scope.services.map((service) => service.name);
    const missed = isFirst && saved !== undefined ? await this.#ports.samples.ofServices(names, saved.savedAt - catchUpMs) : [];
    this.#board.cover(scope);
    this.#board.take(missed);
    this.#reader.follow(scope.questions);
  }

  async refreshMembers(): Promise<void> {
    const { services } = this.#board.scope;
    if (!(await this.#membership.refresh(services))) return;
    const fleet = { version: this.#board.scope.version, environment: '', services, notYetActive: [] };
    const scope = scopeOf(fleet, 0, 1, this.#membership.namesOf);
    this.#board.cover(scope);
    this.#reader.follow(scope.questions);
  }

  /** Judges everything without a new reading, and repeats what failed. */
  tick(): void {
    this.#judge(this.#board.scope.watched);
    this.#noteMonitoring(Date.now());
    this.#try('notes', this.#notes.write());
  }

  save = (): void => this.#recorder.save();

  releaseHolds = (): Promise<void> => releaseHolds(this.#ports, this.#board);

  /** A storm ends for whoever looks: where all is well again nobody else does. */
  endStorm = async (): Promise<void> => void (await this.#ports.storms.current());

  keepGood = (): Promise<void> => this.#goodKeeper.look(this.#board);

  stop = (): void => this.#reader.stop();

  /** Stores everything for the successor. */
  async handOver(): Promise<void> {
    this.stop();
    await this.#recorder.close();
    await this.#notes.write();
  }

  #take(questions: readonly Question[], readings: readonly Reading[]): void {
    questions.forEach((question, index) => {
      const reading = readings[index];
      if (reading !== undefined) this.#latest.take(question, reading);
    });
    const now = Date.now();
    this.#recorder.add(
      questions.map(({ signal, ...member }) => ({ ...member, signal: signal.name, reading: this.#latest.worth(member, signal.name, now) })),
    );
  }

  #judge(watched: readonly Watched[]): void {
    const now = Date.now();
    const changes = this.#board.judge(watched, now);
    for (const { member, service } of oneOfEachMember(watched)) {
      const finding = this.#board.reportable(member, now);
      const overdueAt = (finding?.onset ?? now) + service.limits.escalateAfterMs;
      if (finding !== undefined) this.#try('report', this.#reporter.consider(member, finding, overdueAt, now));
      if (!this.#board.hasFindings(member)) this.#reporter.settle(member);
    }
    if (changes.length === 0) return;
    this.#notes.add(changes.map((change) => findingEvent(change, this.#isLast(change))));
    this.#try('notes', this.#notes.write());
  }

  #isLast({ kind, finding: { service, instance } }: Change): boolean {
    return kind === 'closed' && !this.#board.hasFindings({ service, ...(instance === undefined ? {} : { instance }) });
  }

  #noteMonitoring(now: number): void {
    const { missing, of } = this.#board.missing(now);
    const shard = this.#assignment.shard;
    const blind = this.#board.isBlindForLong(now);
    if (blind && this.#blindSince === undefined) {
      this.#blindSince = now;
      this.#notes.add([monitoringEvent(shard, now, 'silent', missing, of)]);
    } else if (!this.#board.isBlind(now) && this.#blindSince !== undefined) {
      this.#notes.add([monitoringEvent(shard, this.#blindSince, 'heard', missing, of)]);
      this.#blindSince = undefined;
    }
  }

  #state(): WatchState {
    return {
      ...this.#board.state(),
      savedAt: Date.now(),
      reports: this.#reporter.state(),
      counters: this.counters,
      ...(this.#blindSince === undefined ? {} : { blindSince: this.#blindSince }),
    };
  }

  #try(what: string, work: Promise<void>): void {
    work.catch((error: unknown) => this.#assignment.failed(what, error));
  }
}

function oneOfEachMember(watched: readonly Watched[]): Watched[] {
  return [...new Map(watched.map((one) => [JSON.stringify(one.member), one])).values()];
}
