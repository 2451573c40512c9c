import { setTimeout as sleep } from 'node:timers/promises';
import type { Records } from './records.js';
import type { Target } from './target.js';

/** Longer than hale waits until it reports again what a lost cycle left broken. */
const patienceMs = 45_000;
const wholeMs = 180_000;
const lookMs = 250;

export interface Settled {
  readonly seconds: number;
  /** Services that are broken, and cycles that are open, although nothing has moved for a long time. */
  readonly stuck: readonly string[];
}

/** Waits until every service is well and every cycle has ended, for as long as anything moves that ends at some time. */
export async function settled(target: Target, records: Records): Promise<Settled> {
  const start = Date.now();
  let moved = { by: '', at: start };
  for (;;) {
    const cycles = await records.openCycles();
    const left = [...target.broken, ...(cycles ?? []).map(({ cycle, service }) => `${service} (cycle ${cycle})`)];
    const seconds = (Date.now() - start) / 1_000;
    if (cycles !== undefined && left.length === 0) return { seconds, stuck: [] };
    const by = `${await records.progress()} ${target.done.size} ${target.onWire.size}`;
    if (by !== moved.by) moved = { by, at: Date.now() };
    if (Date.now() - moved.at > patienceMs || Date.now() - start > wholeMs)
      return { seconds, stuck: left.length > 0 ? left : ['the database does not answer'] };
    await sleep(lookMs);
  }
}
