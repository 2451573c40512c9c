import type { Reading } from '../reading.js';
import type { Signal } from '../service.js';
import type { Member } from './finding.js';
import { seriesKey, type Question } from './scope.js';
import { fresh, trusted } from './trust.js';

/** The latest reading of every series, and what each is worth given those that its conditions name. */
export class Latest {
  readonly #latest = new Map<string, { readonly signal: Signal; readonly reading: Reading }>();

  take(question: Question, reading: Reading): void {
    this.#latest.set(seriesKey(question, question.signal.name), { signal: question.signal, reading });
  }

  /** What the latest reading of a signal is worth now. */
  worth(member: Member, name: string, now: number): Reading {
    const latest = this.#latest.get(seriesKey(member, name));
    if (latest === undefined) return { kind: 'noData', at: now, reason: 'neverRead', detail: 'no reading was taken yet' };
    return trusted(latest.signal, latest.reading, now, (condition) => this.#freshOf(member, condition, now));
  }

  /** A condition on a signal of the whole service also counts for a signal of its instances. */
  #freshOf(member: Member, name: string, now: number): Reading | undefined {
    const latest = this.#latest.get(seriesKey(member, name)) ?? this.#latest.get(seriesKey({ service: member.service }, name));
    return latest && fresh(latest.signal, latest.reading, now);
  }
}
