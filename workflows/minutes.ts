import { CancellationScope, condition } from '@temporalio/workflow';
import type { Ask } from '../contracts/cycle.js';
import { record } from './activities.js';
import type { Cycle } from './cycle.js';
import type { Spoken } from './desk.js';

/** Puts what people said, and were obeyed in, into the ledger: in their order, while the runbook goes on. */
export class Minutes {
  #taken = 0;
  #written: Promise<void> = Promise.resolve();

  constructor(private readonly cycle: Cycle) {}

  take(spoken: Spoken, about: Ask | undefined, refused?: string): void {
    this.#taken += 1;
    const key = `${this.cycle.id}/said/${this.#taken}`;
    // Also what ends the cycle is written down, and that may be its cancellation.
    const write = () => CancellationScope.nonCancellable(() => this.#write(key, spoken, about, refused));
    this.#written = this.#written.then(write);
  }

  /** Every word taken so far is in the ledger. */
  written(): Promise<void> {
    return this.#written;
  }

  async #write(key: string, { groups: _groups, ...spoken }: Spoken, about: Ask | undefined, refused: string | undefined): Promise<void> {
    await condition(() => this.cycle.isOpen); // A word may come before there is an incident to which it belongs.
    const isDecision = spoken.verb === 'approve' || spoken.verb === 'reject';
    const decided = isDecision ? { verified: spoken.verified ?? false, proposal: about?.proposal, correction: about?.correction } : {};
    await record.noteWord({ ...this.cycle.inIncident(), key, ...spoken, ...decided, refused });
  }
}
