import { Board } from '../detection/board.js';
import { isOutOfScope, memberKey, type Member } from '../detection/finding.js';
import { Latest } from '../detection/latest.js';
import { scopeOf, type Question, type Scope, type Watched } from '../detection/scope.js';
import type { MeasuredFinding } from '../finding.js';
import type { Reading, SignalReading } from '../reading.js';
import type { Service } from '../service.js';
import { Course, type ModeAt, type Policing } from './course.js';
import { PolicyHistory, type Health, type PolicyOf } from './policy-history.js';
import type { Trouble } from './trouble.js';

/** One question that was due at a moment of history, with its answer. */
export interface Answered {
  readonly question: Question;
  readonly reading: Reading;
}

/** How long services were watched, in ms. An objective's time counts for each service or instance that has it. */
export interface Hours {
  readonly watchedMs: number;
  /** Time in which nothing was found of a service. */
  readonly quietMs: number;
  readonly objectiveMs: number;
  readonly noDataMs: number;
}

/**
 * Runs the watch over a history: the same board takes the readings in and judges them, moment by moment, as it would have
 * then. Whether a correction would have helped, no history can tell.
 */
export class Simulation {
  readonly #services: ReadonlyMap<string, Service>;
  readonly #modeAt: ModeAt;
  readonly #board = new Board(undefined);
  readonly #latest = new Latest();
  readonly #courses = new Map<string, Course>();
  readonly #past: Course[] = [];
  readonly #policy: PolicyHistory;
  readonly #names = new Map<string, readonly string[]>();
  #scope: Scope;
  #hours = { watchedMs: 0, quietMs: 0, objectiveMs: 0, noDataMs: 0 };
  #before: number | undefined;

  constructor(fleet: PolicyOf, modeAt: ModeAt) {
    this.#services = new Map(fleet.services.map((service) => [service.name, service]));
    this.#policy = new PolicyHistory(fleet);
    this.#modeAt = modeAt;
    this.#scope = this.#cover();
  }

  /** What is to be read now, all signals of all members. */
  get questions(): readonly Question[] {
    return this.#scope.questions;
  }

  /** The instances of a service as its source named them from now on. */
  members(service: string, names: readonly string[]): void {
    if (String(this.#names.get(service) ?? []) === String(names)) return;
    this.#names.set(service, names);
    this.#scope = this.#cover();
    for (const [key, course] of this.#courses) if (course.stands && !this.#isMember(key)) course.end(this.#before ?? 0);
  }

  /** Takes in what was measured at one moment. Moments come in order of time. */
  take(answers: readonly Answered[], now: number): void {
    for (const { question, reading } of answers) this.#latest.take(question, reading);
    this.#board.take(answers.map(({ question }) => this.#worth(question, now)));
    for (const { kind, finding } of this.#board.judge(this.#scope.watched, now)) if (kind === 'opened') this.#opened(finding, now);
    for (const course of this.#courses.values()) if (course.stands && !this.#board.hasFindings(course.member)) course.end(now);
    this.#policy.weather(this.#standing(), now);
    for (const course of this.#courses.values()) if (course.stands) this.#follow(course, now);
    this.#count(now);
  }

  /** All troubles so far, by onset. */
  troubles(): Trouble[] {
    const all = [...this.#past, ...this.#courses.values()].map((course) => course.trouble());
    return all.sort((a, b) => a.foundAt - b.foundAt || (a.service < b.service ? -1 : 1));
  }

  hours = (): Hours => this.#hours;

  /** Each question by its parts: there are millions of them. */
  #worth({ service, instance, signal: { name } }: Question, now: number): SignalReading {
    const member = instance === undefined ? { service } : { service, instance };
    const reading = this.#latest.worth(member, name, now);
    return instance === undefined ? { service, signal: name, reading } : { service, instance, signal: name, reading };
  }

  #cover(): Scope {
    const scope = scopeOf({ version: '', services: [...this.#services.values()] }, 0, 1, ({ name, instances }) =>
      instances?.kind === 'listed' ? instances.names : (this.#names.get(name) ?? []),
    );
    this.#board.cover(scope);
    return scope;
  }

  #isMember = (key: string): boolean => this.#board.members().some((member) => memberKey(member) === key);

  #opened(finding: MeasuredFinding, now: number): void {
    const service = this.#services.get(finding.service);
    if (service === undefined) return;
    const key = memberKey(finding);
    const course = this.#courses.get(key);
    if (course === undefined || (!course.stands && !course.relapse(now))) {
      if (course !== undefined) this.#past.push(course);
      const member = { service: finding.service, ...(finding.instance === undefined ? {} : { instance: finding.instance }) };
      this.#courses.set(key, new Course(service, member, finding, now, this.#modeAt, this.#policing(service, member)));
    }
    this.#courses.get(key)?.found(finding);
  }

  #follow(course: Course, now: number): void {
    const { member } = course;
    const dependsOn = this.#services.get(member.service)?.dependsOn ?? [];
    const brokenDependencies = dependsOn.filter((name) => this.#isBroken(name, now));
    const storm = this.#policy.stormOver(member.service);
    course.follow({ now, storm, finding: this.#board.reportable(member, now), brokenDependencies });
  }

  #policing = (service: Service, member: Member): Policing => ({
    facts: (correction, attempts, now) =>
      this.#policy.facts(service, member, correction, attempts, this.#openServices(), this.#health(service.name, now), now),
    acted: (correction, now) => this.#policy.acted(member, correction, now),
  });

  #openServices = (): ReadonlySet<string> => new Set(this.#standing().map(({ service }) => service));

  /** Troubles that stand, with the first onset of each service. */
  #standing(): { readonly service: string; readonly since: number }[] {
    const since = new Map<string, number>();
    for (const { stands, member, onset } of this.#courses.values())
      if (stands) since.set(member.service, Math.min(onset, since.get(member.service) ?? onset));
    return [...since].map(([service, first]) => ({ service, since: first }));
  }

  #health(service: string, now: number): Health {
    const members = this.#board.members().filter((member) => member.service === service && member.instance !== undefined);
    const isWell = (member: Member): boolean => this.#board.provenHealth(this.#board.objectivesOf(member), now) !== undefined;
    return { healthy: members.filter(isWell).map(({ instance }) => instance ?? '-'), all: members.length };
  }

  /** As a cycle sees a dependency: doubt counts as broken. */
  #isBroken = (service: string, now: number): boolean =>
    this.#scope.watched.some((one) => {
      if (one.member.service !== service) return false;
      const judgement = this.#board.judgement(one, now);
      return judgement.kind === 'broken' || (judgement.kind === 'met' && judgement.doubtfulSince !== undefined);
    });

  #count(now: number): void {
    const ms = now - (this.#before ?? now);
    this.#before = now;
    const watched = this.#scope.watched;
    const services = new Set(watched.map(({ member }) => member.service));
    const troubled = new Set([...this.#courses.values()].filter(({ stands }) => stands).map(({ member }) => member.service));
    this.#hours.watchedMs += ms * services.size;
    this.#hours.quietMs += ms * [...services].filter((name) => !troubled.has(name)).length;
    this.#hours.objectiveMs += ms * watched.length;
    this.#hours.noDataMs += ms * watched.filter((one) => this.#isBlindOn(one, now)).length;
  }

  #isBlindOn(one: Watched, now: number): boolean {
    const judgement = this.#board.judgement(one, now);
    return judgement.kind === 'noData' && !isOutOfScope(judgement);
  }
}
