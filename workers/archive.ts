import { setTimeout as wait } from 'node:timers/promises';
import type { Histories } from '../adapters/postgres/histories.js';

/** Fetches the history of a closed cycle; undefined when it still runs or is gone. */
export type FetchHistory = (workflowId: string, runId: string) => Promise<unknown>;

const BATCH = 50;

/** Archives what closed since the last time; answers how many. A cycle's id is the id of its first run. */
export async function archiveOnce(histories: Histories, fetchHistory: FetchHistory): Promise<number> {
  let archived = 0;
  for (const { cycle, workflowId } of await histories.missing(BATCH)) {
    const history = await fetchHistory(workflowId, cycle);
    if (history === undefined) continue;
    await histories.store({ cycle, workflowId, history });
    archived += 1;
  }
  return archived;
}

/**
 * Archives until aborted. Any number of workers may run it at once: a history is stored once. A round that fails is
 * reported and tried again, because Temporal keeps a history for days.
 */
export async function archiveHistories(
  histories: Histories,
  fetchHistory: FetchHistory,
  { everyMs, abort, failed }: { readonly everyMs: number; readonly abort: AbortSignal; readonly failed: (error: unknown) => void },
): Promise<void> {
  while (!abort.aborted) {
    await archiveOnce(histories, fetchHistory).catch(failed);
    await wait(everyMs, undefined, { signal: abort }).catch(() => undefined);
  }
}
