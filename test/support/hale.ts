import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type pg from 'pg';
import { createCycleActivities } from '../../activities/index.js';
import type { Ports } from '../../activities/ports.js';
import { createDryRunActivities } from '../../activities/rehearse.js';
import { loadConfiguration } from '../../adapters/configuration/load.js';
import { storeConfiguration } from '../../adapters/postgres/configurations.js';
import type { CycleActivities } from '../../contracts/activities.js';
import type { Ask, CycleResult, CycleState } from '../../contracts/cycle.js';
import { healWorkflowId } from '../../contracts/names.js';
import { privilegeOf, privileges, type Privilege } from '../../domain/privilege.js';
import type { Fleet } from '../../domain/service.js';
import { composePorts } from '../../workers/compose.js';
import { freshDatabase } from './database.js';
import { freshFolder } from './knob.js';
import { servedBy } from './temporal.js';

export type Handle = WorkflowHandle<(input: unknown) => Promise<CycleResult>>;

/** hale in this process, with every real part: PostgreSQL, Temporal, adapters. Only the process tree is missing. */
export interface Hale {
  readonly pool: pg.Pool;
  readonly ports: Ports;
  readonly fleet: Fleet;
  /** Brings another configuration into force. */
  readonly configure: (yaml: string) => Promise<Fleet>;
  readonly taskQueue: string;
  readonly start: (service: string, instance?: string) => Promise<Handle>;
  /** Runs a worker while `work` runs. */
  readonly working: <T>(work: () => Promise<T>, change?: (activities: CycleActivities) => Partial<CycleActivities>) => Promise<T>;
}

let number = 0;

/** @param taskQueue where its workers poll; else a queue that nobody else has */
export async function haleWith(env: TestWorkflowEnvironment, yaml: string, taskQueue = `cycles-${process.pid}-${number++}`): Promise<Hale> {
  const { pool } = await freshDatabase();
  const path = join(await freshFolder(), 'hale.yaml');
  const configure = async (text: string): Promise<Fleet> => {
    await writeFile(path, text);
    const loaded = await loadConfiguration(path);
    if (loaded.kind === 'refused') throw new Error(JSON.stringify(loaded.errors));
    await storeConfiguration(pool, loaded.fleet, path, 'test');
    return loaded.fleet;
  };
  const fleet = await configure(yaml);
  const ports = composePorts(pool, env.client);
  return {
    pool,
    ports,
    fleet,
    configure,
    taskQueue,
    start: async (service, instance) =>
      env.client.workflow.start('healingCycle', {
        taskQueue,
        workflowId: healWorkflowId(service, instance),
        workflowIdConflictPolicy: 'TERMINATE_EXISTING',
        args: [{ service, ...(instance === undefined ? {} : { instance }), by: 'test' }],
      }) as Promise<Handle>,
    working: async (work, change = () => ({})) => {
      const activities = createCycleActivities(ports);
      return servedBy(env, taskQueue, { ...createDryRunActivities(ports), ...activities, ...change(activities) }, work, needed(fleet));
    },
  };
}

/** A worker for each privilege that the corrections need: others would only cost the test time. */
function needed({ services }: Fleet): readonly Privilege[] {
  const used = new Set(services.flatMap(({ corrections }) => corrections.map(({ action }) => privilegeOf(action.kind))));
  return privileges.filter((privilege) => used.has(privilege));
}

/** Remembers the file as it is now as the last good one, as watch does while the service is healthy. */
export async function rememberGood(hale: Hale, correction: string): Promise<void> {
  const { action } = hale.fleet.services[0]?.corrections.find((one) => one.name === correction) ?? {};
  if (action === undefined) throw new Error(`no correction ${correction}`);
  const image = await hale.ports.providers.for(action)?.image({ service: 'shop', action, timeoutMs: 1_000 });
  if (image) await hale.ports.knownGood.record('shop', undefined, correction, image);
}

/** Waits, by asking the cycle itself, until it is in this phase. */
export const inPhase = (handle: Handle, wanted: CycleState['phase']): Promise<CycleState> =>
  until(handle, wanted, (state) => (state.phase === wanted ? state : undefined));

/** Waits likewise until the cycle asks a person; with `after`, until it asks about something else. */
export const openAsk = (handle: Handle, after?: Ask): Promise<Ask> =>
  until(handle, 'ask', ({ ask }) => (ask?.proposal === after?.proposal ? undefined : ask));

async function until<T>(handle: Handle, wanted: string, find: (state: CycleState) => T | undefined): Promise<T> {
  for (;;) {
    const state = await handle.query<CycleState>('state');
    const found = find(state);
    if (found !== undefined) return found;
    if (state.phase === 'closed') throw new Error(`closed before ${wanted}: ${state.sentence}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
