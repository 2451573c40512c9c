import { setTimeout as wait } from 'node:timers/promises';
import { WorkflowExecutionAlreadyStartedError, type Client } from '@temporalio/client';
import { taskQueues, watchWorkflowId, workflowTypes } from '../contracts/names.js';

/**
 * Makes sure that every shard's `watch` runs, now and again: what a person terminated or a new cluster lost comes back.
 * Any number of workers may do so, the workflow id is the mutex.
 */
export async function keepWatching(
  client: Client,
  {
    shards,
    everyMs,
    abort,
    failed,
  }: { readonly shards: number; readonly everyMs: number; readonly abort: AbortSignal; readonly failed: (error: unknown) => void },
): Promise<void> {
  while (!abort.aborted) {
    for (let shard = 0; shard < shards; shard += 1) await startWatch(client, shard, shards).catch(failed);
    await wait(everyMs, undefined, { signal: abort }).catch(() => undefined);
  }
}

async function startWatch(client: Client, shard: number, shards: number): Promise<void> {
  try {
    await client.workflow.start(workflowTypes.watch, {
      workflowId: watchWorkflowId(shard),
      taskQueue: taskQueues.cycles,
      args: [{ shard, shards }],
      workflowTaskTimeout: '2s',
      staticSummary: `Watches shard ${shard} of ${shards}`,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
