import { setTimeout as sleep } from 'node:timers/promises';
import type { Hale, Status } from './hale.js';

/** Each look at `hale status` is a process of its own, which costs the machine something. */
const lookMs = 1_000;

/** A person at the command line: looks at `hale status` all the time, answers what is asked, lets go what is held. */
export class Person {
  /** The last status, and when it was asked for, ms since the epoch. */
  seen: { readonly status: Status; readonly at: number } | undefined;
  /** While true, questions are left open. */
  isAway = false;
  approvals = 0;
  resumes = 0;
  #leaving = false;
  #work: Promise<void> = Promise.resolve();

  constructor(private readonly hale: Hale) {}

  begin(): void {
    this.#work = this.#attend();
  }

  async leave(): Promise<void> {
    this.#leaving = true;
    await this.#work;
  }

  async #attend(): Promise<void> {
    for (; !this.#leaving; await sleep(lookMs)) {
      const at = Date.now();
      const status = await this.hale.status().catch(() => undefined);
      if (status === undefined) continue;
      this.seen = { status, at };
      if (!this.isAway) await this.#decide(status);
    }
  }

  /** What fails, because something was just killed, is tried again at the next look. */
  async #decide({ incidents, services }: Status): Promise<void> {
    for (const { id, ask } of incidents)
      if (ask !== null && (await this.#say('approve', id, '--proposal', ask.proposal))) this.approvals += 1;
    const held = services.find(({ state }) => state === 'held');
    if (held !== undefined && (await this.#say('resume', held.name))) this.resumes += 1;
  }

  #say = (...words: readonly string[]): Promise<boolean> =>
    this.hale.ask(...words, '--by', 'fire').then(
      () => true,
      () => false,
    );
}
