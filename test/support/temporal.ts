import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { setTimeout as wait } from 'node:timers/promises';
import { WorkflowFailedError, type Client, type WorkflowHandle } from '@temporalio/client';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { inject } from 'vitest';
import type { CycleActivities } from '../../contracts/activities.js';
import type { CycleResult } from '../../contracts/cycle.js';
import { actQueue, searchAttributeTypes } from '../../contracts/names.js';
import type { Privilege } from '../../domain/privilege.js';
import { serverSettings } from '../../workers/stack/temporal.js';

const payloadConverterPath = fileURLToPath(new URL('../../dist/contracts/payload-converter.js', import.meta.url));
const INDEXED_VALUE_TYPE = { Keyword: 2, Int: 3 } as const;

/** The time-skipping server: hours of waiting pass in milliseconds while somebody awaits a result. */
export async function timeSkipping(): Promise<TestWorkflowEnvironment> {
  const env = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path: inject('testServer') } },
    client: { dataConverter: { payloadConverterPath } },
  });
  const types = Object.entries(searchAttributeTypes).map(([name, type]) => [name, INDEXED_VALUE_TYPE[type]]);
  await env.connection.operatorService.addSearchAttributes({
    namespace: env.namespace ?? 'default',
    searchAttributes: Object.fromEntries(types),
  });
  return env;
}

/** The real development server, where visibility, schedules and heartbeat details work. */
export function devServer(uiPort?: number, ...settings: readonly string[]): Promise<TestWorkflowEnvironment> {
  const attributes = Object.entries(searchAttributeTypes).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]);
  return TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: inject('temporalCli') },
      ...(uiPort === undefined ? {} : { ui: true, uiPort }),
      extraArgs: [...attributes, ...[...serverSettings, ...settings].flatMap((one) => ['--dynamic-config-value', one])],
    },
    client: { dataConverter: { payloadConverterPath } },
  });
}

export interface RunningCycle {
  readonly client: Client;
  readonly handle: WorkflowHandle<(input: unknown) => Promise<CycleResult>>;
  readonly taskQueue: string;
}

const workerOptions = ({ nativeConnection }: TestWorkflowEnvironment, activities: object) =>
  ({
    connection: nativeConnection,
    activities,
    dataConverter: { payloadConverterPath },
    maxHeartbeatThrottleInterval: '1s',
    stickyQueueScheduleToStartTimeout: '1s',
  }) as const;

/** Runs one worker that acts with a privilege while `work` runs. */
export async function actingFor<T>(
  env: TestWorkflowEnvironment,
  [taskQueue, privilege]: readonly [string, Privilege],
  activities: object,
  work: () => Promise<T>,
): Promise<T> {
  const worker = await Worker.create({ ...workerOptions(env, activities), taskQueue: actQueue(taskQueue, privilege) });
  return worker.runUntil(work());
}

/** Runs workers of one hale, for its cycles and for every privilege, while `work` runs. */
export async function servedBy<T>(
  env: TestWorkflowEnvironment,
  taskQueue: string,
  activities: object,
  work: () => Promise<T>,
  privileged: readonly Privilege[] = ['machine'],
): Promise<T> {
  const options = workerOptions(env, activities);
  const queues = privileged.map((privilege) => ({ ...options, taskQueue: actQueue(taskQueue, privilege) }));
  const cycles = { ...options, taskQueue, workflowBundle: { codePath: inject('codePath') } };
  const workers = await Promise.all([cycles, ...queues].map((one) => Worker.create(one)));
  const working = work();
  // Each of them to its end, also where the work fails: they hold the connection.
  await Promise.allSettled(workers.map((worker) => worker.runUntil(working)));
  return working;
}

/** Runs `healingCycle` over these activities on a queue of its own until `during` and then the cycle have ended. */
export async function runCycle(
  env: TestWorkflowEnvironment,
  activities: CycleActivities,
  input: unknown,
  during: (running: RunningCycle) => Promise<void> = async () => undefined,
): Promise<CycleResult> {
  const taskQueue = randomUUID();
  return servedBy(env, taskQueue, activities, async () => {
    const handle: WorkflowHandleWithFirstExecutionRunId<(input: unknown) => Promise<CycleResult>> = await env.client.workflow.start(
      'healingCycle',
      { taskQueue, workflowId: `heal/shop/${taskQueue}`, args: [input] },
    );
    const ended = new AbortController();
    const told = during({ client: env.client, handle, taskQueue }).then(() => handle.result());
    // A cycle left running would keep the server's clock from skipping for the tests after it.
    const abandon = (error: unknown) => handle.terminate().then(() => Promise.reject(error as Error));
    return Promise.race([failedTask(handle, ended.signal), told])
      .catch((error: unknown) => (error instanceof WorkflowFailedError ? Promise.reject(error) : abandon(error)))
      .finally(() => ended.abort());
  });
}

/** Rejects as soon as a workflow task failed: such a workflow would hang until the test's time is up. */
async function failedTask(handle: WorkflowHandle, ended: AbortSignal): Promise<never> {
  while (!ended.aborted) {
    await wait(500, undefined, { signal: ended }).catch(() => undefined);
    const { events } = await handle.fetchHistory();
    const failed = events?.find(({ workflowTaskFailedEventAttributes: task }) => task?.failure != null);
    const message = failed?.workflowTaskFailedEventAttributes?.failure?.message;
    if (message != null && !message.includes('UnhandledCommand')) throw new Error(`workflow task failed: ${message}`);
  }
  return new Promise(() => undefined);
}
