import { setTimeout as sleep } from 'node:timers/promises';
import type { SignalReading } from '../../domain/reading.js';
import type { Shards } from '../ports.js';

/** Beyond this many readings that could not be stored the oldest are given up: the database has been away for long. */
const waitingMax = 50_000;
const retryMs = 1_000;

export interface Recorder {
  /** Stores these readings, together with all that wait; `stored` is called with what was stored, in order. */
  add(readings: readonly SignalReading[]): void;
  /** Stores the state with the next readings. */
  save(): void;
  /** Stores what waits and the state now. Throws when that fails. */
  close(): Promise<void>;
}

interface Options {
  readonly shards: Shards;
  readonly shard: number;
  readonly generation: string;
  readonly state: () => unknown;
  readonly stored: (readings: readonly SignalReading[]) => void;
  /** A later watcher claimed the shard: nothing may be written any more. */
  readonly superseded: () => void;
}

/**
 * One write at a time: while one is under way readings gather for the next, so that the number of writes follows the
 * database's speed. Nothing is judged before it is stored, so that a successor sees the same.
 */
export function startRecorder(options: Options): Recorder {
  let waiting: SignalReading[] = [];
  let wantsSave = false;
  let running: Promise<void> | undefined;
  let closed = false;

  const writeOnce = async (withState: boolean): Promise<void> => {
    const batch = waiting;
    waiting = [];
    wantsSave = false;
    try {
      const mine = await options.shards.store(options.shard, options.generation, batch, withState ? options.state() : undefined);
      if (mine) options.stored(batch);
      else options.superseded();
    } catch (error) {
      waiting = [...batch, ...waiting].slice(-waitingMax);
      wantsSave ||= withState;
      throw error;
    }
  };
  const drain = async (): Promise<void> => {
    while (!closed && (waiting.length > 0 || wantsSave)) await writeOnce(wantsSave);
  };
  const start = (): void => {
    running ??= drain().then(again, () => sleep(retryMs).then(again));
  };
  const again = (): void => {
    running = undefined;
    if (!closed && (waiting.length > 0 || wantsSave)) start();
  };
  return {
    add(readings) {
      waiting.push(...readings);
      start();
    },
    save() {
      wantsSave = true;
      start();
    },
    async close() {
      closed = true;
      await running;
      await writeOnce(true);
    },
  };
}
