import type { Reading } from '../../domain/reading.js';
import type { Question } from '../../domain/detection/scope.js';
import { readQuestions } from '../measure.js';
import type { Meters } from '../ports.js';

/** Reads that were due, and those of them that were done; the rest found the read before them still under way. */
export interface Counters {
  due: number;
  done: number;
}

export interface Reader {
  /** Reads these questions from now on, each at its own interval, instead of those before. */
  follow(questions: readonly Question[]): void;
  stop(): void;
}

const spreadMsMax = 1_000;

type Take = (questions: readonly Question[], readings: readonly Reading[]) => void;

/**
 * Reads every signal on its own schedule: one that hangs delays nobody, and is not asked again before it answered.
 * Questions to one source with one interval are due together, so that their meter may batch them.
 */
export function startReader(meters: Meters, take: Take, counters: Counters): Reader {
  let current = new Following();
  const stop = (): void => current.end();
  return {
    stop,
    follow(questions) {
      stop();
      current = new Following();
      const batches = batchesOf(questions);
      batches.forEach((batch, index) => {
        // Spread over their interval, one second at most: a thousand reads at one moment would delay each other.
        const delayMs = (index / batches.length) * Math.min(batch.everyMs, spreadMsMax);
        schedule(meters, batch, Date.now() + delayMs, take, counters, current);
      });
    },
  };
}

/** One set of questions, until another is followed. An abort signal would warn of a leak where many listen for its end. */
class Following {
  readonly #endings = new Set<() => void>();
  over = false;

  onEnd(ending: () => void): void {
    this.#endings.add(ending);
  }

  noMore(ending: () => void): void {
    this.#endings.delete(ending);
  }

  end(): void {
    this.over = true;
    for (const ending of this.#endings) ending();
    this.#endings.clear();
  }
}

interface Batch {
  readonly everyMs: number;
  readonly questions: readonly Question[];
}

function batchesOf(questions: readonly Question[]): Batch[] {
  const batches = new Map<string, Question[]>();
  for (const question of questions) batches.set(batchKey(question), [...(batches.get(batchKey(question)) ?? []), question]);
  return [...batches.values()].map((batch) => ({ everyMs: batch[0]?.signal.everyMs ?? 1_000, questions: batch }));
}

function batchKey({ service, instance, signal }: Question): string {
  const shared = signal.kind === 'promql' ? [signal.source.name] : signal.kind === 'scrape' ? [service, instance, signal.url] : undefined;
  return JSON.stringify([signal.kind, signal.everyMs, ...(shared ?? [service, instance, signal.name])]);
}

function schedule(
  meters: Meters,
  { everyMs, questions }: Batch,
  firstAt: number,
  take: Take,
  counters: Counters,
  following: Following,
): void {
  let busy = false;
  let dueAt = firstAt;
  let timer: NodeJS.Timeout | undefined;
  const tick = (): void => {
    // After a stall several turns may be due: they were missed, and one read makes up for none of them.
    const turns = Math.max(1, Math.floor((Date.now() - dueAt) / everyMs) + 1);
    counters.due += turns * questions.length;
    dueAt += turns * everyMs;
    timer = setTimeout(tick, Math.max(0, dueAt - Date.now()));
    if (!busy) void read();
  };
  const read = async (): Promise<void> => {
    busy = true;
    // Each read has an abort signal of its own: what listens to it is gone with it, after millions of reads too.
    const own = new AbortController();
    const giveUp = (): void => own.abort();
    following.onEnd(giveUp);
    const readings = await readQuestions(meters, questions, own.signal);
    following.noMore(giveUp);
    busy = false;
    if (following.over) return;
    counters.done += questions.length;
    take(questions, readings);
  };
  following.onEnd(() => clearTimeout(timer));
  timer = setTimeout(tick, Math.max(0, dueAt - Date.now()));
}
