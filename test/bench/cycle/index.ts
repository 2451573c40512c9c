/**
 * `npm run bench -- cycle [--runs N] [--seed S] [--json] [--out FILE]`: what durability for people costs. hale's happy
 * cycle, started as watch starts it, against the same activities in a plain workflow on the same server and worker.
 */
import { appendFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { WorkflowHandle } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { temporalCycles } from '../../../adapters/temporal/cycles.js';
import { actQueue, healWorkflowId, searchAttributeTypes, taskQueues } from '../../../contracts/names.js';
import type { MeasuredFinding } from '../../../domain/finding.js';
import { serverSettings } from '../../../workers/stack/temporal.js';
import { brief, opened, scriptedWorld } from '../../support/scripted-world.js';

const bounds = { events: 1.2, tasks: 1.0, bytes: 1.3, eventsMax: 100, activityTypesMin: 7 };
const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});

interface Cost {
  readonly events: number;
  readonly tasks: number;
  readonly bytes: number;
  readonly activityTypes: number;
  readonly ms: number;
}

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
/** From the build: the converter is loaded by its path, by the worker and into the workflow bundle. */
const dataConverter = { payloadConverterPath: join(process.cwd(), 'dist/contracts/payload-converter.js') };

function print(line: object): void {
  const text = JSON.stringify(line);
  console.log(
    options.json
      ? text
      : Object.entries(line)
          .map(([key, value]) => `${key} ${typeof value === 'object' ? JSON.stringify(value) : value}`)
          .join('  '),
  );
  if (options.out) appendFileSync(options.out, `${text}\n`);
}

async function startServer(): Promise<TestWorkflowEnvironment> {
  const { temporalCli } = JSON.parse(await readFile('.hale/tools.json', 'utf8')) as { temporalCli: string };
  const attributes = Object.entries(searchAttributeTypes).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]);
  return TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: temporalCli },
      extraArgs: [...attributes, ...serverSettings.flatMap((one) => ['--dynamic-config-value', one])],
    },
    client: { dataConverter },
  });
}

async function costOf(handle: WorkflowHandle, startedAt: number): Promise<Cost> {
  await handle.result();
  const ms = Date.now() - startedAt;
  const { events = [] } = await handle.fetchHistory();
  const { raw } = await handle.describe();
  const types = events?.flatMap((event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? []) ?? [];
  return {
    events: events?.length ?? 0,
    tasks: events?.filter((event) => event.workflowTaskCompletedEventAttributes != null).length ?? 0,
    bytes: Number(raw.workflowExecutionInfo?.historySizeBytes ?? 0),
    activityTypes: new Set(types).size,
    ms,
  };
}

const findingOf = (service: string): MeasuredFinding => ({
  kind: 'breach',
  service,
  objective: 'up',
  onset: Date.now(),
  severity: 'critical',
  evidence: { signal: 'up', last: { kind: 'value', at: Date.now(), value: 0 }, bound: 'above 0', bad: 1, of: 1 },
});

async function measure(env: TestWorkflowEnvironment, run: number): Promise<{ hale: Cost; plain: Cost }> {
  const service = `shop-${options.seed}-${run}`;
  const finding = findingOf(service);
  const began = Date.now();
  await temporalCycles(env.client).report(finding);
  const hale = await costOf(env.client.workflow.getHandle(healWorkflowId(service)), began);
  const plainBegan = Date.now();
  const order = { service, by: 'watch', finding };
  const handle = await env.client.workflow.start('plainCycle', {
    workflowId: `plain/${service}/-`,
    taskQueue: taskQueues.cycles,
    args: [order],
    workflowTaskTimeout: '2s',
  });
  return { hale, plain: await costOf(handle, plainBegan) };
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

async function bench(env: TestWorkflowEnvironment): Promise<number> {
  const world = scriptedWorld({ openIncident: async () => opened([brief('restart', { holdMs: 100 })]) });
  const bundle = await bundleWorkflowCode({
    workflowsPath: at('workflows.js'),
    payloadConverterPath: dataConverter.payloadConverterPath,
    preloadModules: [at('../../../contracts/schemas.js')],
    logger: new DefaultLogger('ERROR'),
  });
  const worker = await Worker.create({
    connection: env.nativeConnection,
    taskQueue: taskQueues.cycles,
    workflowBundle: bundle,
    activities: { ...world.activities },
    dataConverter,
  });
  const acting = await Worker.create({
    connection: env.nativeConnection,
    taskQueue: actQueue(taskQueues.cycles, 'machine'),
    activities: { ...world.activities },
    dataConverter,
  });
  const work = async (): Promise<{ hale: Cost; plain: Cost }[]> => {
    const measured: { hale: Cost; plain: Cost }[] = [];
    for (let run = 0; run < Number(options.runs); run += 1) {
      const pair = await measure(env, run);
      print({ run, seed: Number(options.seed), ...pair });
      measured.push(pair);
    }
    return measured;
  };
  const pairs = await worker.runUntil(() => acting.runUntil(work));
  return judge(pairs);
}

function judge(pairs: readonly { hale: Cost; plain: Cost }[]): number {
  const ratio = (of: (cost: Cost) => number): number => median(pairs.map(({ hale, plain }) => of(hale) / of(plain)));
  const rows = [
    {
      what: 'events',
      value: ratio((cost) => cost.events),
      bound: `<= ${bounds.events}`,
      ok: ratio((cost) => cost.events) <= bounds.events,
    },
    {
      what: 'workflow tasks',
      value: ratio((cost) => cost.tasks),
      bound: `<= ${bounds.tasks}`,
      ok: ratio((cost) => cost.tasks) <= bounds.tasks,
    },
    {
      what: 'history bytes',
      value: ratio((cost) => cost.bytes),
      bound: `<= ${bounds.bytes}`,
      ok: ratio((cost) => cost.bytes) <= bounds.bytes,
    },
    {
      what: 'events of a cycle',
      value: Math.max(...pairs.map(({ hale }) => hale.events)),
      bound: `<= ${bounds.eventsMax}`,
      ok: pairs.every(({ hale }) => hale.events <= bounds.eventsMax),
    },
    {
      what: 'activity types',
      value: Math.min(...pairs.map(({ hale }) => hale.activityTypes)),
      bound: `>= ${bounds.activityTypesMin}`,
      ok: pairs.every(({ hale }) => hale.activityTypes >= bounds.activityTypesMin),
    },
    { what: 'time to end (told, not bound)', value: ratio((cost) => cost.ms), bound: 'none', ok: true },
  ];
  for (const row of rows) print({ ...row, value: Number(row.value.toFixed(3)) });
  if (pairs.length === 0) return 9;
  return rows.every(({ ok }) => ok) ? 0 : 1;
}

Runtime.install({ logger: new DefaultLogger('ERROR') });
const env = await startServer();
const exitCode = await bench(env).finally(() => env.teardown());
process.exit(exitCode);
