import { setTimeout as wait } from 'node:timers/promises';
import {
  isGrpcDeadlineError,
  isGrpcServiceError,
  ServiceError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
  type WorkflowHandle,
} from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import type { CycleOrder, CycleState } from '../contracts/cycle.js';
import * as messages from '../contracts/messages.js';
import type { Decision, Word } from '../contracts/messages.js';
import { healWorkflowId, taskQueues, workflowTypes } from '../contracts/names.js';

/** A running cycle: its workflow, and the run by which another cycle of the same service is told from it. */
export interface CycleAddress {
  readonly workflowId: string;
  readonly cycle: string;
}

export type Said =
  | { readonly kind: 'obeyed'; readonly sentence: string }
  | { readonly kind: 'refused'; readonly sentence: string }
  /** The cycle has ended, so there was nobody to tell. */
  | { readonly kind: 'ended' }
  /** No worker answered in time; the word may still be obeyed when one comes. */
  | { readonly kind: 'unanswered' };

export type Look =
  | { readonly kind: 'runs'; readonly state: CycleState }
  /** It was terminated, or is long gone, and can close nothing any more. */
  | { readonly kind: 'ended' }
  /** Temporal or every worker is away. */
  | { readonly kind: 'unknown' };

const ANSWER_MS = 10_000;
/** The server lets ten updates of one workflow be under way; the others ask again, not all at once. */
const BUSY_RETRY_MS = 50;
const LOOK_MS = 3_000;
/** gRPC's codes. */
const RESOURCE_EXHAUSTED = 8;
const FAILED_PRECONDITION = 9;

const updates = {
  pause: messages.pauseUpdate,
  resume: messages.resumeUpdate,
  abort: messages.abortUpdate,
  takeOver: messages.takeOverUpdate,
  decide: messages.decideUpdate,
};

/** Tells a running cycle something. `key` makes a repeated word the same word, so that it may be repeated when the server is busy. */
export async function tell(
  client: Client,
  address: CycleAddress,
  verb: keyof typeof updates,
  word: Word | Decision,
  key: string,
): Promise<Said> {
  const deadline = Date.now() + ANSWER_MS;
  const update = () => handleOf(client, address).executeUpdate(updates[verb], { args: [word], updateId: key });
  try {
    return { kind: 'obeyed', sentence: await client.withDeadline(deadline, () => whileBusy(update, deadline)) };
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) return { kind: 'refused', sentence: error.cause?.message ?? error.message };
    if (error instanceof WorkflowNotFoundError) return { kind: 'ended' };
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isGrpcDeadlineError(error)) return { kind: 'unanswered' };
    // A busy server says so in many ways when the time is over: too many words under way, or what it was doing was called off.
    if (error instanceof ServiceError && Date.now() >= deadline) return { kind: 'unanswered' };
    throw error;
  }
}

async function whileBusy<T>(ask: () => Promise<T>, deadline: number): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isBusy(error) || Date.now() > deadline) throw error;
      await wait(BUSY_RETRY_MS * (0.5 + Math.random()));
    }
  }
}

/** Too many updates are under way, or a worker was lost while it had this one in hand. Both pass, and the key makes it the same word. */
function isBusy(error: unknown): boolean {
  if (!(error instanceof ServiceError) || !isGrpcServiceError(error.cause)) return false;
  const { code, details } = error.cause;
  return code === RESOURCE_EXHAUSTED || (code === FAILED_PRECONDITION && details.includes('workflow task failure'));
}

/** What a cycle that has not closed its incident is doing. Never throws: who can't tell says so. */
export async function lookAt(client: Client, address: CycleAddress): Promise<Look> {
  try {
    return await client.withDeadline(Date.now() + LOOK_MS, async () => {
      if (await hasEnded(client, address)) return { kind: 'ended' };
      return { kind: 'runs', state: await handleOf(client, address).query(messages.stateQuery) };
    });
  } catch {
    return { kind: 'unknown' }; // Whatever kept the cycle from answering, what it does is not known.
  }
}

/** A cycle that was terminated closes nothing, and the id of its workflow may by now be another cycle's. */
async function hasEnded(client: Client, address: CycleAddress): Promise<boolean> {
  try {
    const { closeTime, raw } = await handleOf(client, address).describe();
    const firstRun = raw.workflowExecutionInfo?.firstRunId || address.cycle; // Old servers don't tell it.
    return closeTime !== undefined || firstRun !== address.cycle;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return true;
    throw error;
  }
}

/** Starts the cycle of a service, or tells the running one to look again. Answers the workflow's id. */
export async function startCycle(client: Client, order: CycleOrder): Promise<string> {
  const workflowId = healWorkflowId(order.service, order.instance);
  await client.workflow.signalWithStart(workflowTypes.healingCycle, {
    workflowId,
    taskQueue: taskQueues.cycles,
    args: [order],
    signal: messages.reportSignal,
    signalArgs: [{ by: order.by }],
    workflowTaskTimeout: '2s', // With the server's 10 s a killed worker costs its cycles that much.
    staticSummary: `heal ${order.service}${order.instance === undefined ? '' : ` ${order.instance}`}, asked by ${order.by}`,
  });
  return workflowId;
}

const handleOf = (client: Client, { workflowId, cycle }: CycleAddress): WorkflowHandle =>
  client.workflow.getHandle(workflowId, undefined, { firstExecutionRunId: cycle });
