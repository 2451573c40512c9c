// Drives the real Temporal UI in headless Chromium, as a person on call does, against real cycles.
import { WorkflowFailedError } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { temporalCycles } from '../../adapters/temporal/cycles.js';
import type { Ask, CycleState } from '../../contracts/cycle.js';
import { fileDrivenService, type FileDrivenService } from '../support/broken-service.js';
import { freePort } from '../../workers/stack/ports.js';
import { haleWith, inPhase, type Hale, type Handle } from '../support/hale.js';
import { launchChromium, TemporalPage } from '../support/temporal-page.js';
import { devServer } from '../support/temporal.js';

const PATIENCE = { timeout: 20_000, interval: 200 };
const EXAMPLE = '{"service":"shop","by":"ada","reason":"customers complain"}';

let env: TestWorkflowEnvironment;
let browser: Browser;
let context: BrowserContext;
let ui: string;

beforeAll(async () => {
  browser = await launchChromium();
  context = await browser.newContext({ viewport: { width: 1400, height: 1200 } });
  context.setDefaultTimeout(PATIENCE.timeout);
  const port = await freePort();
  ui = `http://127.0.0.1:${port}/namespaces/default/workflows`;
  env = await devServer(port);
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await env?.teardown();
});

async function openPage(): Promise<TemporalPage> {
  const page = await context.newPage();
  onTestFinished(() => page.close());
  return new TemporalPage(page, ui);
}

const handleOf = (id: string): Handle => env.client.workflow.getHandle(id);

async function brokenShop(): Promise<{ hale: Hale; service: FileDrivenService }> {
  const service = await fileDrivenService();
  await service.configure('bad');
  const yaml = `apiVersion: hale/v1
services:
  shop:
    signals:
      up: {http: '${service.url}', every: 100ms, timeout: 90ms, expect: {status: 200}}
    objectives:
      up: {above: 0, for: 0s, hold: 1s}
    corrections:
      repair: {exec: [/bin/sh, -c, 'printf good > ${service.file}'], repeatable: true, undo: nothingToRestore, mode: ask, hold: 1s, within: 1s}
`;
  return { hale: await haleWith(env, yaml), service };
}

async function openQuestion(handle: Handle): Promise<Ask> {
  const { ask } = await inPhase(handle, 'approve');
  if (ask === undefined) throw new Error('in phase approve nothing is asked');
  return ask;
}

async function failedTasks(handle: Handle): Promise<unknown[]> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).filter((event) => event.workflowTaskFailedEventAttributes != null);
}

test('a cycle that watch started tells its reason before any worker runs it', { timeout: 60_000 }, async () => {
  const last = { kind: 'value', at: 0, value: 0 } as const;
  const evidence = { signal: 'up', last, bound: 'above 0', bad: 3, of: 3 };
  await temporalCycles(env.client).report({ kind: 'breach', service: 'till', objective: 'open', onset: 0, severity: 'critical', evidence });
  onTestFinished(() =>
    handleOf('heal/till/-')
      .terminate()
      .then(() => undefined),
  );
  const page = await openPage();
  await page.open('heal/till/-');
  await page.openMetadata();
  expect(await page.summary()).toBe('Heal till: open');
  expect(await page.staticDetails()).toBe('Reported by watch: up should be above 0, broken since 1970-01-01T00:00:00.000Z');
});

test('a person starts, pauses, resumes and approves a cycle by the words its page offers', { timeout: 120_000 }, async () => {
  const { hale, service } = await brokenShop();
  const page = await openPage();
  const handle = handleOf('heal/shop/-');
  await hale.working(async () => {
    await page.startCycle({ id: 'heal/shop/-', taskQueue: hale.taskQueue, json: EXAMPLE, summary: 'Customers **complain**' });
    const { proposal, sentence } = await openQuestion(handle);
    await page.openMetadata();
    expect(await page.summary()).toBe('Customers complain');
    const question = await page.currentDetails();
    expect(question).toMatch(new RegExp(`^${proposal} waits for your decision`));
    expect(question).toContain(`approve: ${sentence}`);
    expect(question).toContain('Broken: up. Started by ada: customers complain.');

    await page.sendSignal('pause', '{"by":"ada","reason":"looking myself"}');
    await expect.poll(() => page.currentDetails(), PATIENCE).toContain('Paused by ada: looking myself.');
    expect(await handle.query<CycleState>('state')).toMatchObject({ paused: { by: 'ada', reason: 'looking myself' } });

    await page.sendSignal('resume', '{"by":"ada"}');
    await expect.poll(() => page.currentDetails(), PATIENCE).not.toContain('Paused');
    expect(await handle.query<CycleState>('state')).not.toHaveProperty('paused');
    expect(await service.configuration()).toBe('bad');

    await page.sendSignal('approve', `{"by":"ada","proposal":"${proposal}"}`);
    expect(await handle.result()).toMatchObject({ outcome: 'healed' });
    await expect.poll(() => page.status(), PATIENCE).toMatch(/completed/i);
    await page.refresh();
    await expect.poll(() => page.currentDetails(), PATIENCE).toMatch(/^closed, healed: repair held/);
  });
  expect(await service.configuration()).toBe('good');
  expect(await failedTasks(handle)).toEqual([]);
});

test('a word that cannot be obeyed is refused on the page and changes nothing', { timeout: 120_000 }, async () => {
  const { hale, service } = await brokenShop();
  const page = await openPage();
  await hale.working(async () => {
    const handle = await hale.start('shop');
    const { proposal } = await openQuestion(handle);
    await page.open(handle.workflowId);
    await page.openMetadata();
    await page.sendSignal('approve', '{"by":"ada"}', 'json/protobuf');
    await page.sendSignal('abort', '["ada"]');
    expect(await page.refusedUpdate('decide', '{"by":"ada","decision":"approve","proposal":"beef"}')).toBe(
      `refused: the proposal is ${proposal}, not beef: look again`,
    );
    await page.refresh();
    for (const refusal of ['approve refused: encoding: got json/protobuf, allowed: json/plain', 'abort refused: input: Invalid input'])
      await expect.poll(() => page.currentDetails(), PATIENCE).toContain(refusal);
    expect(await handle.query<CycleState>('state')).toMatchObject({ phase: 'approve', ask: { proposal } });
    expect(await failedTasks(handle)).toEqual([]);
    await handle.terminate();
  });
  expect(await service.configuration()).toBe('bad');
});

test.each([
  ['["shop"]', 'json/plain', 'input: Invalid input: expected object, received array, got ["shop"]'],
  ['""', 'json/plain', 'input: Invalid input: expected object, received string, got ""'],
  ['{"service": 7}', 'json/plain', 'service: Invalid input: expected string, received number, got 7'],
  ['{"service": "tpyo"}', 'json/plain', 'service: tpyo is not configured, allowed: shop'],
  [EXAMPLE, 'json/protobuf', 'encoding: got json/protobuf, allowed: json/plain'],
] as const)('a start with %s as %s fails with a sentence that shows an example', { timeout: 60_000 }, async (json, encoding, sentence) => {
  const { hale } = await brokenShop();
  const page = await openPage();
  const id = `wrong-${hale.taskQueue}`;
  await hale.working(async () => {
    await page.startCycle({ id, taskQueue: hale.taskQueue, json, encoding });
    const failure: unknown = await handleOf(id)
      .result()
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WorkflowFailedError);
    expect(failure).toMatchObject({ cause: { type: 'InvalidInput', message: `${sentence}; for example ${EXAMPLE}` } });
    await expect.poll(() => page.status(), PATIENCE).toMatch(/failed/i);
    await expect.poll(() => page.result(), PATIENCE).toContain(JSON.stringify(`${sentence}; for example ${EXAMPLE}`).slice(1, -1));
  });
  expect(await failedTasks(handleOf(id))).toEqual([]);
});
