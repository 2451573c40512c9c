import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';

/** The history of a closed run as Temporal's JSON; undefined while it runs, and when the server no longer has it. */
export async function closedHistory(client: Client, workflowId: string, runId: string): Promise<unknown> {
  const handle = client.workflow.getHandle(workflowId, runId);
  try {
    const { closeTime } = await handle.describe();
    return closeTime === undefined ? undefined : JSON.parse(historyToJSON(await handle.fetchHistory()));
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
