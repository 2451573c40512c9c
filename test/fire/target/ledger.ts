import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import type { LedgerLine } from './words.js';

/** Append-only, on disk before `append` returns: what the target did is never forgotten, whoever is killed. */
export class Ledger {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, 'ax', 0o600);
  }

  append(line: LedgerLine): void {
    writeSync(this.#file, `${JSON.stringify(line)}\n`);
    fsyncSync(this.#file);
  }

  close(): void {
    closeSync(this.#file);
  }
}
