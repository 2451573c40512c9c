// What hale says it would do, over real parts: a real service, its real file, PostgreSQL and a Temporal server.
import { MockActivityEnvironment, type TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Call, Provider } from '../../activities/ports.js';
import { createDryRunActivities } from '../../activities/rehearse.js';
import { readOnly } from '../../activities/read-only.js';
import type { DryRun } from '../../contracts/dry-run.js';
import { dryRunWorkflowId } from '../../contracts/names.js';
import { fileDrivenService, type FileDrivenService } from '../support/broken-service.js';
import { haleWith, rememberGood, type Hale } from '../support/hale.js';
import { freshKnob, type Knob } from '../support/knob.js';
import { devServer } from '../support/temporal.js';

let env: TestWorkflowEnvironment;
beforeAll(async () => void (env = await devServer()));
afterAll(() => env.teardown());

const yaml = (service: FileDrivenService, knob: Knob): string => `apiVersion: hale/v1
services:
  shop:
    signals:
      up: {http: '${service.url}', every: 100ms, timeout: 90ms, expect: {status: 200}}
    objectives:
      up: {above: 0, for: 0s, hold: 1s}
    corrections:
      last-good: {file: ${service.file}, restore: lastGood, mode: act, hold: 1s, within: 300ms}
      turn: {exec: [${knob.program}, set, on], undo: nothingToRestore, mode: ask, hold: 1s, within: 300ms}
      note: {exec: [${knob.program}, set, off], undo: nothingToRestore, hold: 1s, within: 300ms}
`;

const dryRun = (hale: Hale, order: Record<string, unknown>): Promise<DryRun> =>
  env.client.workflow.execute('dryRun', {
    taskQueue: hale.taskQueue,
    workflowId: dryRunWorkflowId('shop'),
    workflowIdConflictPolicy: 'TERMINATE_EXISTING',
    args: [{ service: 'shop', by: 'test', ...order }],
  }) as Promise<DryRun>;

/** Everything in the database that a cycle would have written. */
const written = async (hale: Hale): Promise<unknown> =>
  (
    await hale.pool.query(
      `select (select count(*)::int from effects) as effects, (select count(*)::int from leases) as leases,
              (select count(*)::int from incidents) as incidents, (select count(*)::int from cycles) as cycles,
              (select count(*)::int from lessons) as lessons, (select count(*)::int from events where body::jsonb->>'service' = 'shop') as events`,
    )
  ).rows[0];

const nothing = { effects: 0, leases: 0, incidents: 0, cycles: 0, lessons: 0, events: 0 };

async function brokenShop() {
  const [service, knob] = [await fileDrivenService(), await freshKnob()];
  const hale = await haleWith(env, yaml(service, knob));
  await rememberGood(hale, 'last-good');
  await service.configure('bad');
  return { service, knob, hale };
}

test('a dry run on a broken service says what each correction would do and be told, and leaves everything as it is', async () => {
  const { service, knob, hale } = await brokenShop();
  const run = await hale.working(() => dryRun(hale, {}));
  expect(run.seen).toMatchObject({ kind: 'broken' });
  expect(run.steps).toMatchObject([
    { kind: 'considered', correction: 'last-good', answer: { kind: 'act', rule: 'modeAct', sentence: 'mode act: last-good may be done' } },
    { kind: 'considered', correction: 'turn', answer: { kind: 'ask', rule: 'modeAsk' } },
    { kind: 'considered', correction: 'note', answer: { kind: 'refuse', rule: 'modeObserve' } },
  ]);
  expect(await service.configuration()).toBe('bad');
  expect([await knob.state(), await knob.ledger()]).toEqual(['off', []]);
  expect(await written(hale)).toEqual(nothing);
});

test('one correction is explained whether or not anything is broken', async () => {
  const { service, hale } = await brokenShop();
  await service.configure('good');
  const [whole, one] = await hale.working(async () => [await dryRun(hale, {}), await dryRun(hale, { correction: 'turn' })]);
  expect(whole).toMatchObject({ seen: { kind: 'clear' }, steps: [] });
  expect(one?.steps).toMatchObject([{ correction: 'turn', answer: { rule: 'modeAsk', sentence: 'mode ask: a person decides on turn' } }]);
  expect(await written(hale)).toEqual(nothing);
});

test('a dry run of what is not configured says what there is', async () => {
  const { hale } = await brokenShop();
  const refusal = (order: Record<string, unknown>) => dryRun(hale, order).catch((error: Error) => (error.cause as Error).message);
  const said = await hale.working(async () => [
    await refusal({ correction: 'pray' }),
    await refusal({ service: 'shoop' }),
    await refusal({ service: 7 }),
  ]);
  expect(said[0]).toContain('correction: pray is not configured, allowed: last-good, turn, note');
  expect(said[1]).toContain('service: shoop is not configured, allowed: shop');
  expect(said[2]).toContain('service: Invalid input');
});

test('the ports of a dry run refuse everything that writes, whoever calls it', async () => {
  const { hale, service } = await brokenShop();
  const ports = readOnly(hale.ports);
  const action = { kind: 'file', path: service.file, restore: 'lastGood' } as const;
  const call = {} as never;
  const writes: readonly (() => Promise<unknown> | undefined)[] = [
    () => ports.providers.for(action)?.apply(call),
    () => ports.providers.for(action)?.undo(call, call),
    () => ports.effects.prepare(call),
    () => ports.effects.begin(call, call, call),
    () => ports.effects.move('a', [], 'intended'),
    () => ports.leases.acquire('r', 'h', 1),
    () => ports.incidents.open(call),
    () => ports.incidents.note(call),
    () => ports.controls.hold('shop', undefined, 'escalated', 'inc-1'),
    () => ports.cycles.report(call),
  ];
  for (const write of writes) await expect(write()).rejects.toThrow('a dry run must not');
  expect(await written(hale)).toEqual(nothing);
});

test('a method that nobody has said to be reading is refused in a dry run', async () => {
  const { hale } = await brokenShop();
  const grown = { ...hale.ports, effects: { ...hale.ports.effects, erase: () => Promise.resolve('erased') } };
  const { effects } = readOnly(grown) as typeof grown;
  await expect(effects.erase()).rejects.toThrow('a dry run must not erase');
});

test('the activities of a dry run can not act even where a provider would', async () => {
  const { hale, service } = await brokenShop();
  const file = hale.ports.providers.for({ kind: 'file', path: service.file, restore: 'lastGood' }) as Provider;
  // A provider with a mistake: it acts when it is only asked to look.
  const hasty: Provider = {
    ...file,
    image(target) {
      return this.apply(target as Call);
    },
  };
  const activities = createDryRunActivities({ ...hale.ports, providers: { for: () => hasty } });
  const place = { service: 'shop', configVersion: hale.fleet.version, correction: 'last-good' };
  await expect(new MockActivityEnvironment().run((input: typeof place) => activities.rehearseCorrection(input), place)).rejects.toThrow(
    'a dry run must not apply',
  );
  expect(await service.configuration()).toBe('bad');
});
