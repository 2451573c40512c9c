import { setTimeout as wait } from 'node:timers/promises';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import { isSealed, keyIdOf } from '../../adapters/encryption/codec.js';
import type { Records } from '../../adapters/postgres/read.js';
import type { Check } from '../../contracts/cli.js';
import { privilegeOf, privileges } from '../../domain/privilege.js';
import type { Fleet } from '../../domain/service.js';
import { actQueue, searchAttributeTypes, taskQueues, watchShards, watchWorkflowId } from '../../contracts/names.js';
import { Failure } from './exit-codes.js';
import { withHale, type Hale } from './hale.js';
import type { Report } from './report.js';
import { age, coloured, counted, table } from './text.js';
import { isAlive, type Where, type Whereabouts } from './whereabouts.js';

const SKEW_MS_MAX = 2_000;
const RETENTION_MS_MIN = 86_400_000;
const HAND_OVER_MS_MAX = 1_000;
/** PENDING_ACTIVITY_STATE_STARTED of Temporal's API. */
const STARTED = 2;

export interface DoctorOptions extends Where {
  readonly config?: string;
}

/** doctor: looks at every part hale stands on and at all that it may do, and prints the command that is missing. Changes nothing. */
export const doctor = (options: DoctorOptions): Promise<Report> =>
  withHale(options, async (hale) => {
    const looks = [databaseChecks(hale), temporalChecks(hale), grantedChecks(hale, options.config)];
    const [database = [], temporal = [], rights = []] = await Promise.all(looks);
    const checks = [...database, ...temporal, ...processChecks(hale.whereabouts), ...rights];
    const exit = checks.some(({ result }) => result === 'trouble' || result === 'unknown') ? ({ exit: 'trouble' } as const) : {};
    return { data: { checks }, text: textOf(checks), ...exit };
  });

const ok = (name: string, sentence: string): Check => ({ name, result: 'ok', sentence, command: null });
const trouble = (name: string, sentence: string, command: string | null = null): Check => ({ name, result: 'trouble', sentence, command });

async function databaseChecks(hale: Hale): Promise<Check[]> {
  let records: Records;
  try {
    records = await hale.records();
  } catch (error) {
    if (error instanceof Failure) return [trouble('database', error.message, 'hale up')];
    throw error;
  }
  const [vitals, fleet, switches] = await Promise.all([records.vitals(), records.fleet(), records.switches()]);
  const skew = Math.abs(vitals.now.getTime() - Date.now());
  const current = vitals.migration === vitals.migrationOfThisVersion;
  const paused = switches.pauses.map(({ service, by }) => `${service === '*' ? 'all' : service} by ${by}`);
  return [
    ok('database', 'answers'),
    current
      ? ok('migrations', `up to date: ${vitals.migration}`)
      : trouble('migrations', `at ${vitals.migration}, this version has ${vitals.migrationOfThisVersion}`, 'hale up'),
    skew <= SKEW_MS_MAX
      ? ok('clock', `differs from the database's by ${skew} ms`)
      : trouble('clock', `differs from the database's by ${age(skew)}: ages and pauses shown here are wrong by that`, 'timedatectl'),
    fleet
      ? ok('configuration', `version ${fleet.version}, ${counted(fleet.services.length, 'service')}`)
      : trouble('configuration', 'none was loaded yet', 'hale up --config hale.yaml'),
    switches.stop === undefined
      ? ok('stop', 'automation is on')
      : trouble('stop', `automation is stopped by ${switches.stop.by} since ${switches.stop.since.toISOString()}`, 'hale resume --all'),
    ok('pauses', paused.length === 0 ? 'nothing is paused' : `paused: ${paused.join(', ')}`),
  ];
}

async function temporalChecks(hale: Hale): Promise<Check[]> {
  let client: Client;
  try {
    client = await hale.temporal();
  } catch (error) {
    if (error instanceof Failure) return [trouble('temporal', error.message, 'hale up')];
    throw error;
  }
  const checks = [
    namespaceCheck(client),
    attributesCheck(client),
    pollersCheck(client, taskQueues.cycles),
    watchCheck(client),
    payloadCheck(client),
  ];
  return [ok('temporal', 'answers'), ...(await Promise.all(checks)), ...(await actingChecks(hale, client))];
}

/** A check that can't be made is `unknown`, never ok. */
async function known(name: string, look: () => Promise<Check>): Promise<Check> {
  try {
    return await look();
  } catch (error) {
    return { name, result: 'unknown', sentence: error instanceof Error ? error.message : String(error), command: null };
  }
}

const namespaceCheck = (client: Client): Promise<Check> =>
  known('namespace', async () => {
    const { namespace } = client.options;
    const { config } = await client.workflowService.describeNamespace({ namespace });
    const retention = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) * 1000;
    if (retention >= RETENTION_MS_MIN) return ok('namespace', `${namespace} keeps closed cycles for ${age(retention)}`);
    const command = `temporal operator namespace update --namespace ${namespace} --retention 7d`;
    return trouble('namespace', `${namespace} keeps closed cycles for ${age(retention)} only`, command);
  });

const attributesCheck = (client: Client): Promise<Check> =>
  known('search attributes', async () => {
    const { namespace } = client.options;
    const { customAttributes } = await client.connection.operatorService.listSearchAttributes({ namespace });
    const missing = Object.entries(searchAttributeTypes).filter(([name]) => !Object.hasOwn(customAttributes ?? {}, name));
    if (missing.length === 0) return ok('search attributes', 'all there');
    const flags = missing.map(([name, type]) => `--name ${name} --type ${type}`).join(' ');
    const command = `temporal operator search-attribute create --namespace ${namespace} ${flags}`;
    return trouble('search attributes', `missing: ${missing.map(([name]) => name).join(', ')}`, command);
  });

const pollersCheck = (client: Client, queue: string): Promise<Check> =>
  known(`workers of ${queue}`, async () => {
    const ask = { namespace: client.options.namespace, taskQueue: { name: queue }, taskQueueType: 2 };
    const { pollers } = await client.workflowService.describeTaskQueue(ask);
    if (pollers.length > 0) return ok(`workers of ${queue}`, counted(pollers.length, 'process polls', 'processes poll'));
    return trouble(`workers of ${queue}`, 'nobody polls: nothing on this queue is done', 'hale up');
  });

/** What really lies at Temporal: read without the codec. */
const payloadCheck = (client: Client): Promise<Check> =>
  known('payloads', async () => {
    const seals = client.options.loadedDataConverter.payloadCodecs.length > 0;
    const payload = await storedPayload(client);
    if (payload === undefined) return ok('payloads', 'none is there yet');
    if (isSealed(payload)) return ok('payloads', `sealed with key ${keyIdOf(payload)}`);
    if (!seals) return ok('payloads', 'in clear, as configured; --payload-keys FILE seals them');
    return trouble(
      'payloads',
      'hale has keys, and what lies at Temporal is in clear: from before there were keys',
      'hale up --payload-keys FILE',
    );
  });

/** The input of the first watch, or undefined before there is one. */
async function storedPayload(client: Client): Promise<Payload | undefined> {
  const execution = { workflowId: watchWorkflowId(0) };
  const ask = { namespace: client.options.namespace, execution, maximumPageSize: 1 };
  const { history } = await client.workflowService.getWorkflowExecutionHistory(ask);
  return history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0];
}

/** Whoever may act must be there for each privilege that the configuration needs. */
async function actingChecks(hale: Hale, client: Client): Promise<Check[]> {
  const fleet = await activeFleet(hale);
  const corrections = fleet?.services.flatMap((service) => service.corrections) ?? [];
  const needed = corrections.flatMap(({ mode, action }) => (mode === 'observe' ? [] : (privilegeOf(action.kind) ?? [])));
  return Promise.all(
    privileges.filter((one) => needed.includes(one)).map((privilege) => pollersCheck(client, actQueue(taskQueues.cycles, privilege))),
  );
}

/** Undefined where there is none, or the database is away, which is told by another check. */
const activeFleet = (hale: Hale): Promise<Fleet | undefined> =>
  hale.records().then(
    (records) => records.fleet(),
    () => undefined,
  );

/** Of the file, else of the configuration that is active. */
async function grantedChecks(hale: Hale, config: string | undefined): Promise<Check[]> {
  const active = await activeFleet(hale);
  const services =
    config === undefined ? active?.services : (await (await import('./permissions/permissions.js')).configuredIn(config)).services;
  if (services === undefined) return [];
  const [{ rightChecks }, { askersOf }] = await Promise.all([import('./permissions/asking.js'), import('./permissions/askers.js')]);
  const found = active === undefined ? new Map<string, string[]>() : await foundInstances(hale, { ...active, services });
  return rightChecks(services, askersOf(hale.whereabouts.state), found);
}

/** By service; those that were measured of late are the ones that there are. */
async function foundInstances(hale: Hale, fleet: Fleet): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>();
  for (const { service, instance } of await (await hale.records()).measured(fleet))
    if (instance !== undefined) found.set(service, [...new Set([...(found.get(service) ?? []), instance])]);
  return found;
}

/** A worker that watches has no hand free to poll: that it heartbeats tells that it is there. Who polls counts only where nothing is to be watched. */
const watchCheck = (client: Client): Promise<Check> => {
  const name = `workers of ${taskQueues.watch}`;
  return known(name, async () => {
    const shards = await Promise.all(Array.from({ length: watchShards }, (_, shard) => settledShard(client, shard)));
    if (shards.includes('waits')) return trouble(name, 'the watch waits for a worker: nothing is measured', 'hale up');
    if (shards.every((one) => one === 'watched')) return ok(name, counted(shards.length, 'shard is watched', 'shards are watched'));
    return pollersCheck(client, taskQueues.watch);
  });
};

/** Between two watchers a shard waits for a moment. */
async function settledShard(client: Client, shard: number): Promise<ShardState> {
  const state = await shardState(client, shard);
  if (state !== 'waits') return state;
  await wait(HAND_OVER_MS_MAX);
  return shardState(client, shard);
}

type ShardState = 'watched' | 'waits' | 'nothingToDo';

/** By the server's word: an activity whose heartbeats stay away is not started any more. */
async function shardState(client: Client, shard: number): Promise<ShardState> {
  try {
    const { raw } = await client.workflow.getHandle(watchWorkflowId(shard)).describe();
    const [activity] = raw.pendingActivities ?? [];
    if (activity === undefined) return 'nothingToDo';
    return activity.state === STARTED ? 'watched' : 'waits';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'nothingToDo';
    throw error;
  }
}

function processChecks({ processes }: Whereabouts): Check[] {
  const dead = processes.filter(({ pid }) => !isAlive(pid));
  if (processes.length === 0) return [];
  if (dead.length === 0) return [ok('processes', counted(processes.length, 'process runs', 'processes run'))];
  return [trouble('processes', `not running: ${dead.map(({ role, pid }) => `${role} (${pid})`).join(', ')}`, 'hale up')];
}

function textOf(checks: readonly Check[]): string {
  const rows = checks.map(({ name, result, sentence, command }) => [
    result === 'notAsked' ? 'not asked' : result,
    name,
    sentence + (command === null ? '' : `; run: ${command}`),
  ]);
  const [header = '', ...lines] = table(['RESULT', 'PART', 'WHAT'], rows).split('\n');
  return [header, ...lines.map((line, index) => shown(line, checks[index]?.result))].join('\n');
}

function shown(line: string, result: Check['result'] | undefined): string {
  if (result === 'ok' || result === 'notAsked') return line;
  return coloured(result === 'warning' ? 'yellow' : 'red', line);
}
