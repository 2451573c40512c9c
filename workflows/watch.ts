import { continueAsNew, proxyActivities, workflowInfo } from '@temporalio/workflow';
import { taskQueues } from '../contracts/names.js';
import { watchOrder } from '../contracts/schemas.js';
import type { WatchActivities } from '../contracts/watch.js';
import { readOrFail } from './read.js';

/**
 * One activity at a time, an hour long at most: six events an hour, and none for a worker that dies, since a retry is
 * not written to history. A constant retry interval, because the attempts of one activity are never forgotten.
 */
const { watchShard } = proxyActivities<WatchActivities>({
  taskQueue: taskQueues.watch,
  startToCloseTimeout: '1h',
  heartbeatTimeout: '5s',
  retry: { initialInterval: '200ms', backoffCoefficient: 1 },
});

/** Keeps one shard of the services under watch, for ever. */
export async function watch(raw: unknown): Promise<void> {
  const order = readOrFail(watchOrder, raw, '{"shard": 0, "shards": 1}');
  while (!workflowInfo().continueAsNewSuggested) await watchShard(order);
  await continueAsNew<typeof watch>(order);
}
