// One worker process: `cycles` runs the workflows and the cycles' activities, `act` those that change the world, `watch` the
// parked watching activities. A `cycles` worker acts too, unless HALE_ACT says with what privileges only.
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import type pg from 'pg';
import { createActingActivities, createCycleActivities } from '../activities/index.js';
import { createDryRunActivities } from '../activities/rehearse.js';
import type { Ports } from '../activities/ports.js';
import { createWatchActivities } from '../activities/watch-shard.js';
import { dataConverterOf } from '../adapters/encryption/data-converter.js';
import { type PayloadKeys, PayloadKeysRefused } from '../adapters/encryption/keys.js';
import { closedHistory } from '../adapters/temporal/histories.js';
import { openDatabase } from '../adapters/postgres/database.js';
import { postgresHistories } from '../adapters/postgres/histories.js';
import type { Links } from '../domain/channel.js';
import { actQueue, taskQueues, watchShards } from '../contracts/names.js';
import { privileges, type Privilege } from '../domain/privilege.js';
import { alertmanagerSilencer } from '../adapters/alertmanager/silencer.js';
import { currentFleet } from '../adapters/postgres/configurations.js';
import { postgresDeliveries } from '../adapters/postgres/deliveries.js';
import { postgresRecords } from '../adapters/postgres/read.js';
import { postgresSilences } from '../adapters/postgres/silences.js';
import { archiveHistories } from './archive.js';
import type { Home } from '../domain/page.js';
import { composeNotifiers, composePorts, type Whereabouts } from './compose.js';
import { deliverPages } from './deliver.js';
import { answerParent } from './guard.js';
import { keepSilences } from './keep-silences.js';
import { keepWatching } from './keep-watching.js';
import { takePayloadKeys } from './payload-keys.js';
import { ensureSearchAttributes } from './search-attributes.js';
import { takeIn } from './take-in.js';

const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Measured: with the SDK's defaults a killed worker costs its cycles 12 s and more, with these 3 to 7 s. */
const recovery = { stickyQueueScheduleToStartTimeout: '1s', maxHeartbeatThrottleInterval: '1s', shutdownGraceTime: '5s' } as const;
const ARCHIVE_EVERY_MS = 5_000;
const WATCH_CHECK_EVERY_MS = 10_000;
const DELIVER_EVERY_MS = 500;
const SILENCE_EVERY_MS = 1_000;

const log = (what: string) => (error: unknown) => console.error(`${what}: ${String(error)}`);

async function run([role, ...words]: readonly string[]): Promise<void> {
  if (role !== 'cycles' && role !== 'watch' && role !== 'act')
    throw new Error(`role: got ${String(role)}, allowed: cycles, act, watch; for example worker.js cycles`);
  // Journals and fences of a machine lie there: two workers with two of them would not know of each other.
  if (role === 'act' && !process.env['HALE_STATE'])
    throw new Error('HALE_STATE: not set, allowed: one folder for all workers of this account that act, for example /var/lib/hale');
  const acts = privilegesOf(role, words);
  const stopping = new AbortController();
  const parent = answerParent(() => process.kill(process.pid, 'SIGTERM'));
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
  const connection = await NativeConnection.connect(connectionOptions);
  const pool = openDatabase(databaseUrl());
  const keys = await payloadKeysOrExit(pool);
  const dataConverter = dataConverterOf(keys);
  const client = new Client({ connection, namespace, dataConverter });
  await attributesOrExit(connection, namespace);
  const options = { connection, namespace, dataConverter, ...recovery };
  const portsActing = (...acts: readonly Privilege[]): Ports => composePorts(pool, client, whereabouts(), acts);
  const ports = portsActing();
  const main: readonly WorkerOptions[] =
    role === 'watch'
      ? [
          {
            ...options,
            taskQueue: taskQueues.watch,
            activities: { ...createWatchActivities(ports) },
            maxConcurrentActivityTaskExecutions: watchShards,
          },
        ]
      : role === 'cycles'
        ? [
            {
              ...options,
              ...workflows(keys),
              taskQueue: taskQueues.cycles,
              activities: { ...createCycleActivities(ports), ...createDryRunActivities(ports) },
              maxCachedWorkflows: 500,
            },
          ]
        : [];
  const acting = acts.map((privilege) => ({
    ...options,
    taskQueue: actQueue(taskQueues.cycles, privilege),
    activities: { ...createActingActivities(portsActing(privilege)) },
  }));
  const workers = await Promise.all([...main, ...acting].map((one) => Worker.create(one)));
  if (role === 'cycles') {
    const { signal: abort } = stopping;
    void archiveHistories(postgresHistories(pool), (id, runId) => closedHistory(client, id, runId), {
      everyMs: ARCHIVE_EVERY_MS,
      abort,
      failed: log('archive'),
    });
    takeIn(pool, ports, { mirrors: join(process.env['HALE_STATE'] ?? '.hale', 'git'), abort, failed: log('intake') });
    void keepWatching(client, { shards: watchShards, everyMs: WATCH_CHECK_EVERY_MS, abort, failed: log('watch') });
  }
  if (role === 'cycles') void silence(ports.cycles, stopping.signal);
  const delivered = role === 'cycles' ? callPeople(stopping.signal) : undefined;
  const running = Promise.all(workers.map((worker) => worker.run()));
  parent.ready();
  await running;
  stopping.abort();
  await delivered;
  await connection.close();
  await pool.end();
}

/**
 * With what this process may change the world: what an `act` worker is told, and for `cycles` what HALE_ACT says. All of it is
 * said too: a word that got lost on its way here must not give every privilege.
 */
function privilegesOf(role: string, words: readonly string[]): readonly Privilege[] {
  if (role === 'watch') return [];
  const isAct = role === 'act';
  const said = isAct ? words : (process.env['HALE_ACT']?.split(',') ?? ['all']);
  const allowed: readonly string[] = [...privileges, 'all', ...(isAct ? [] : ['none'])];
  const wrong = said.length === 0 ? 'nothing' : said.find((word) => !allowed.includes(word));
  if (wrong !== undefined) throw new Error(`${isAct ? 'act' : 'HALE_ACT'}: got ${wrong || 'nothing'}, allowed: ${allowed.join(', ')}`);
  return privileges.filter((one) => said.includes(one) || said.includes('all'));
}

/** On connections of its own: calling people, however slowly, takes none from the cycles. */
async function callPeople(abort: AbortSignal): Promise<void> {
  const pool = openDatabase(databaseUrl(), 2);
  const parts = {
    deliveries: postgresDeliveries(pool),
    records: postgresRecords(pool),
    notifiers: composeNotifiers(),
    links: ownLinks(),
    ...home(),
  };
  await deliverPages({ ...parts, fleet: currentFleet(pool) }, { everyMs: DELIVER_EVERY_MS, abort, failed: log('calling people') });
  await pool.end();
}

/** Without a state folder of its own a worker can't say where its hale answers to commands. */
function home(): { home?: Home } {
  const state = process.env['HALE_STATE'];
  return state === undefined ? {} : { home: { host: hostname(), state } };
}

function whereabouts(): Whereabouts {
  const { HALE_STATE: state, HALE_WEB: web, HALE_TEMPORAL_PAGE: page } = process.env;
  return { state, web, temporalPage: page && new URL(page).host };
}

/** `hale up` tells the address of the page of a Temporal that it runs itself. */
function ownLinks(): Links {
  const temporal = process.env['HALE_TEMPORAL_PAGE'];
  return temporal ? { temporal } : {};
}

/** Likewise: an Alertmanager that hangs takes nothing from the cycles. */
async function silence(cycles: Ports['cycles'], abort: AbortSignal): Promise<void> {
  const pool = openDatabase(databaseUrl(), 1);
  const silencing = { book: postgresSilences(pool), silencer: alertmanagerSilencer(), cycles, fleet: currentFleet(pool) };
  await keepSilences(silencing, { everyMs: SILENCE_EVERY_MS, abort, failed: log('silences') });
  await pool.end();
}

/** The bundle made by the build; without it (in a development tree) the workflows are bundled now. */
function workflows(keys: PayloadKeys | undefined): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'> {
  const codePath = at(keys === undefined ? 'workflows.bundle.js' : 'workflows.sealed.bundle.js');
  if (existsSync(codePath)) return { workflowBundle: { codePath } };
  return { workflowsPath: at('workflows/index.js') };
}

function databaseUrl(): string {
  const url = process.env['HALE_DATABASE_URL'];
  if (url) return url;
  throw new Error('HALE_DATABASE_URL: got nothing, allowed: a PostgreSQL URL; for example postgres://hale@127.0.0.1:5432/hale');
}

async function payloadKeysOrExit(pool: pg.Pool): Promise<PayloadKeys | undefined> {
  return takePayloadKeys(pool, process.env['HALE_PAYLOAD_KEYS']).catch((error: unknown) => {
    if (!(error instanceof PayloadKeysRefused)) throw error;
    console.error(error.message);
    process.exit(5);
  });
}

async function attributesOrExit(connection: NativeConnection, namespace: string): Promise<void> {
  const check = await ensureSearchAttributes(connection.operatorService, namespace);
  if (check.kind !== 'missing') return;
  console.error(`search attributes ${check.names.join(', ')} are missing and could not be added (${check.why}); run:\n  ${check.command}`);
  process.exit(5);
}

await run(process.argv.slice(2));
