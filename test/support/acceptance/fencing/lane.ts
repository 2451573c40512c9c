import { setTimeout as wait } from 'node:timers/promises';
import { command } from '../command.js';
import { Holding, Permits, Words, type Moment } from './looks.js';
import type { Records } from './records.js';
import { resourceOf, type Subject } from './subject.js';
import type { Trial } from './trial.js';
import { ActWorker, type Home } from './worker.js';

/** What became of one service in one round. */
export interface Tried {
  readonly subject: Subject;
  readonly moment: Moment;
  readonly trial: Trial;
  /** What the frozen worker said of its act when it went on; undefined where it said nothing. */
  readonly word: string | undefined;
  /** Requests of it that the target has turned away; undefined where the target counts none. */
  readonly turnedAway: number | undefined;
  /** From the answer about its lease to the act, of the worker that took over, ms. */
  readonly windowMs: number | undefined;
}

const lookMs = 50;
/** Those that are not there by then are left out: hale gives up an answer after 10 s. */
const holdMs = 8_000;
const takeOverMs = 55_000;
const afterLeaseMs = 1_000;
/** For what the thawed worker still does. */
const lateMs = 6_000;
const patienceMs = 120_000;

/** All services that workers of one privilege act on. A round freezes the worker; the one that took over is the next to be frozen. */
export class Lane {
  #worker: ActWorker | undefined;
  #rounds = 0;

  constructor(
    private readonly privilege: string,
    private readonly moments: ReadonlyMap<Subject, Moment>,
    private readonly home: Home,
    private readonly records: Records,
  ) {}

  async round(): Promise<readonly Tried[]> {
    const subjects = [...this.moments.keys()];
    await this.#allWell(subjects);
    const old = (this.#worker ??= await ActWorker.start(this.privilege, this.home));
    const before = new Map(subjects.map((one) => [one, one.acts().length]));
    const holding = await this.#untilHeld(old, subjects);
    holding.end();
    const [given = [], kept = []] = this.#split(subjects).map((some) => some.flatMap(({ service }) => holding.answers.get(service) ?? []));
    old.freezeWith(given);
    const frozenAt = Date.now();
    try {
      const { fences, lastEnd } = await this.records.leases(subjects.map(({ service }) => service));
      await wait(500);
      const isInWindow = (one: Subject): boolean =>
        holding.answers.has(one.service) && (this.moments.get(one) === 'afterCheck' || !holding.leasesAsked.has(one.service));
      const inWindow = new Set(subjects.filter(isInWindow));
      const permits = new Permits(subjects.map(({ service }) => service));
      this.#worker = await ActWorker.start(this.privilege, this.home);
      this.#worker.line.listener = permits;
      const acts = (one: Subject) => one.acts().slice(before.get(one));
      await until(takeOverMs, async () => [...inWindow].every((one) => acts(one).length > 0));
      await until(patienceMs, () => this.records.hasPassed(lastEnd, afterLeaseMs));
      const turnedAway = new Map(subjects.map((one) => [one, one.turnedAway?.()]));
      const words = new Words();
      old.line.listener = words;
      const thawedAt = Date.now();
      for (const { release } of kept) release();
      old.thaw();
      for (const one of subjects) if (one.isPlanted === true) await one.actLate?.(fences.get(resourceOf(one.service)) ?? '');
      await wait(lateMs);
      await old.end();
      return await Promise.all(
        subjects.map(async (subject): Promise<Tried> => {
          const { service } = subject;
          const [before, after, permitted] = [turnedAway.get(subject), subject.turnedAway?.(), permits.at.get(service)];
          const [first] = acts(subject);
          return {
            subject,
            moment: this.moments.get(subject) ?? 'afterCheck',
            trial: {
              service,
              fence: fences.get(resourceOf(service)),
              isInWindow: inWindow.has(subject),
              frozenAt,
              thawedAt,
              acts: acts(subject),
            },
            word: words.said.get((await this.records.actionOf(service)) ?? ''),
            turnedAway: before === undefined || after === undefined ? undefined : after - before,
            windowMs: first === undefined || permitted === undefined ? undefined : first.at - permitted,
          };
        }),
      );
    } finally {
      await old.end();
    }
  }

  async end(): Promise<void> {
    await this.#worker?.end();
  }

  /**
   * Those whose answers the worker gets while it is frozen, and those who get theirs when it goes on. Of workers frozen before the
   * look every other round is of each kind: those that have read may be too fast and ask before they stand still; of the others
   * none is, but they find that they waited for too long.
   */
  #split(subjects: readonly Subject[]): [readonly Subject[], readonly Subject[]] {
    this.#rounds += 1;
    const isKept = (one: Subject): boolean => this.moments.get(one) === 'beforeCheck' && this.#rounds % 2 === 0;
    return [this.#bySpeed(subjects.filter((one) => !isKept(one))), subjects.filter(isKept)];
  }

  /** The worker takes answers in the order in which they came: those first whose act takes long to begin. */
  #bySpeed = (subjects: readonly Subject[]): readonly Subject[] => {
    const rank = (one: Subject): number => (this.moments.get(one) === 'beforeCheck' ? 0 : one.kind === 'file' ? 2 : 1);
    return subjects.toSorted((one, other) => rank(one) - rank(other));
  };

  /** Breaks all, and waits until the worker is about to mend all of them. */
  async #untilHeld(worker: ActWorker, subjects: readonly Subject[]): Promise<Holding> {
    const holding = new Holding(new Map(subjects.map((one) => [one.service, this.moments.get(one) ?? 'afterCheck'])));
    worker.line.listener = holding;
    await Promise.all(subjects.map((one) => one.breakIt()));
    await until(patienceMs, async () => holding.isComplete || Date.now() - (holding.firstAt ?? Infinity) > holdMs, 10);
    return holding;
  }

  /** Well, and no cycle of theirs open. What hale left for a person, the person looks at here. */
  async #allWell(subjects: readonly Subject[]): Promise<void> {
    const services = new Set(subjects.map(({ service }) => service));
    await until(patienceMs, async () => {
      const [open, held] = await Promise.all([this.records.inCycle(), this.records.heldServices()]);
      for (const service of held.filter((one) => services.has(one)))
        await command('node', ['bin/hale.mjs', 'resume', service, '--state', this.home.state], process.cwd());
      return subjects.every((one) => one.isWell()) && !open.some((service) => services.has(service));
    });
  }
}

/** Answers whether it came true in time. */
async function until(ms: number, isSo: () => Promise<boolean>, everyMs = lookMs): Promise<boolean> {
  for (const giveUpAt = Date.now() + ms; Date.now() < giveUpAt; await wait(everyMs)) if (await isSo()) return true;
  return false;
}
