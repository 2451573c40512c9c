import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';

/** One line of the supervisor's own ledger: what was asked of a unit, by whom, and what came of it. */
export interface Entry {
  /** ms since the epoch. */
  readonly at: number;
  readonly verb: 'start' | 'stop' | 'restart' | 'replace' | 'revive';
  readonly unit: string;
  /** Absent when somebody without an action id asked, or the unit died and was started again (`revive`). */
  readonly actionId?: string;
  readonly fence?: string;
  readonly answer: 'done' | 'repeated' | 'refused';
  readonly pid?: number;
}

/** Append-only file, one JSON object a line, on disk before anybody gets an answer. */
export class Ledger {
  readonly #path: string;
  readonly #file: number;

  constructor(path: string) {
    this.#path = path;
    this.#file = openSync(path, 'a');
  }

  append(entry: Entry): void {
    writeSync(this.#file, `${JSON.stringify(entry)}\n`);
    fsyncSync(this.#file);
  }

  did(actionId: string): boolean {
    return readLedger(this.#path).some((entry) => entry.actionId === actionId && entry.answer === 'done');
  }

  /** The largest fencing token ever accepted. */
  fence(): bigint {
    return readLedger(this.#path).reduce((most, { fence, answer }) => {
      const token = BigInt(answer === 'refused' ? 0 : (fence ?? 0));
      return token > most ? token : most;
    }, 0n);
  }

  close(): void {
    closeSync(this.#file);
  }
}

export function readLedger(path: string): Entry[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Entry);
}
