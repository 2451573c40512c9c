import type { HeldAnswer, Listener, Question } from './line.js';
import { resourceOf } from './subject.js';

/** Where a worker is frozen: when the last look at its lease has been answered, or before it has asked. */
export type Moment = 'afterCheck' | 'beforeCheck';

const leaseQuestion = /^\s*select from leases\s+where resource = \$1 and holder = \$2 and fence = \$3/;
/** Asked first of the three things that must allow an act; the lease comes last. */
const pauseQuestion = /^\s*select set_by, .* from settings\s+where key = any/s;

const isLeaseOf = (service: string, { sql, values }: Question): boolean => leaseQuestion.test(sql) && values[0] === resourceOf(service);

const isPauseOf = (service: string, { sql, values }: Question): boolean =>
  pauseQuestion.test(sql) && (values[0]?.includes(`"pause/${service}"`) ?? false);

/** Holds one answer for each service, and sees which leases were asked for. */
export class Holding implements Listener {
  readonly answers = new Map<string, HeldAnswer>();
  readonly leasesAsked = new Set<string>();
  firstAt: number | undefined;
  #isOver = false;

  constructor(private readonly moments: ReadonlyMap<string, Moment>) {}

  get isComplete(): boolean {
    return this.answers.size === this.moments.size;
  }

  /** Holds no more, but goes on to see. */
  end(): void {
    this.#isOver = true;
  }

  asked(question: Question): boolean {
    const lease = this.#serviceOf((service) => isLeaseOf(service, question));
    if (lease !== undefined) this.leasesAsked.add(lease);
    return this.#wantedBy(question) !== undefined;
  }

  held(answer: HeldAnswer): void {
    const service = this.#wantedBy(answer.question);
    if (service === undefined) return answer.release();
    this.firstAt ??= Date.now();
    this.answers.set(service, answer);
  }

  answered(): void {
    // What is not held is of no interest.
  }

  #wantedBy = (question: Question): string | undefined =>
    this.#isOver
      ? undefined
      : this.#serviceOf(
          (service, moment) => !this.answers.has(service) && (moment === 'afterCheck' ? isLeaseOf : isPauseOf)(service, question),
        );

  #serviceOf(is: (service: string, moment: Moment) => boolean): string | undefined {
    return [...this.moments].find(([service, moment]) => is(service, moment))?.[0];
  }
}

/** Sees when a worker has been told that it still has the lease of each service: what it does then is in its window. */
export class Permits implements Listener {
  /** By service, ms since the epoch. */
  readonly at = new Map<string, number>();

  constructor(private readonly services: readonly string[]) {}

  asked(): boolean {
    return false;
  }

  held({ release }: HeldAnswer): void {
    release();
  }

  answered(question: Question, answer: Buffer): void {
    const service = this.services.find((one) => isLeaseOf(one, question));
    if (service !== undefined && answer.includes('SELECT 1')) this.at.set(service, performance.timeOrigin + performance.now());
  }
}

/** What a worker has said became of its acts, by action id. */
export class Words implements Listener {
  readonly said = new Map<string, string>();

  asked({ sql, values: [actionId, , to, , , why] }: Question): boolean {
    if (/^\s*update effects\s+set state = \$3/.test(sql)) this.said.set(actionId ?? '', why ?? to ?? '');
    return false;
  }

  held({ release }: HeldAnswer): void {
    release();
  }

  answered(): void {
    // Whether it was taken is not the point.
  }
}
