import { isGrpcDeadlineError, WorkflowFailedError, type Client } from '@temporalio/client';
import { TerminatedFailure } from '@temporalio/common';
import type { DryRun, DryRunOrder } from '../contracts/dry-run.js';
import { dryRunWorkflowId, taskQueues, workflowTypes } from '../contracts/names.js';

export type Rehearsal =
  | { readonly kind: 'done'; readonly run: DryRun }
  | { readonly kind: 'refused'; readonly sentence: string }
  /** Somebody else asked the same of this service meanwhile. */
  | { readonly kind: 'replaced' }
  /** No worker answered in time. */
  | { readonly kind: 'unanswered' };

/** A look at everything takes as long as its slowest signal, and a service that waits for its own breach as long as that. */
const ANSWER_MS = 120_000;

/** Asks a worker what a cycle would do now, and waits for the answer. */
export async function rehearse(client: Client, order: DryRunOrder): Promise<Rehearsal> {
  const { service, instance } = order;
  try {
    const run = client.workflow.execute(workflowTypes.dryRun, {
      workflowId: dryRunWorkflowId(service, instance),
      taskQueue: taskQueues.cycles,
      args: [order],
      workflowIdConflictPolicy: 'TERMINATE_EXISTING',
      workflowExecutionTimeout: ANSWER_MS,
      workflowTaskTimeout: '2s', // With the server's 10 s a killed worker costs that much.
      staticSummary: `dry run of ${service}${instance === undefined ? '' : ` ${instance}`}, asked by ${order.by}`,
    });
    return { kind: 'done', run: (await run) as DryRun };
  } catch (error) {
    if (isGrpcDeadlineError(error)) return { kind: 'unanswered' };
    if (!(error instanceof WorkflowFailedError)) throw error;
    if (error.cause instanceof TerminatedFailure) return { kind: 'replaced' };
    if (error.cause?.name === 'TimeoutFailure') return { kind: 'unanswered' };
    return { kind: 'refused', sentence: error.cause?.message ?? error.message };
  }
}
