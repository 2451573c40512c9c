// From the intake to the end of a cycle: alerts in a real database, drained to cycles on a real Temporal, over a real service.
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { postgresAlerts } from '../../adapters/postgres/alerts.js';
import { openIntake } from '../../adapters/postgres/intake.js';
import { readAlertmanager } from '../../contracts/intake/alertmanager.js';
import { taskQueues } from '../../contracts/names.js';
import { drainOnce } from '../../workers/drain.js';
import { haleWith, type Hale } from '../support/hale.js';
import { alert, kept } from '../support/intake.js';
import { serve } from '../support/listen.js';
import { slowTarget } from '../support/slow-target.js';
import { devServer } from '../support/temporal.js';

let env: TestWorkflowEnvironment;
beforeAll(async () => void (env = await devServer()));
afterAll(() => env.teardown());

const yaml = (service: string, url: string): string => `apiVersion: hale/v1
services:
  ${service}:
    signals: {up: {http: '${url}/health', every: 100ms, timeout: 90ms}}
    objectives: {up: {above: 0, for: 0s, hold: 1s}}
    corrections: {reload: {http: '${url}/reload', repeatable: true, undo: nothingToRestore, mode: act, hold: 1s, within: 2s, cooldown: 0s}}
`;

interface Taken {
  readonly hale: Hale;
  readonly fire: (source: string, alerts: readonly unknown[]) => Promise<void>;
  readonly drain: () => Promise<number>;
}

async function taking(file: string): Promise<Taken> {
  const hale = await haleWith(env, file, taskQueues.cycles);
  const intake = openIntake(hale.pool.options.connectionString ?? '');
  onTestFinished(() => intake.close());
  return {
    hale,
    drain: () => drainOnce({ ...hale.ports, alerts: postgresAlerts(hale.pool) }),
    fire: async (source, alerts) => {
      const read = readAlertmanager({ version: '4', groupKey: 'g', alerts }, Date.now());
      if (read.kind === 'refused') throw new Error(read.refusal.message);
      await intake.storeAlerts(source, read.value.alerts);
    },
  };
}

const outcomeOf = (service: string) => env.client.workflow.getHandle(`heal/${service}/-`).result();
const incidents = async ({ hale }: Taken) => (await hale.pool.query<{ n: number }>('select count(*)::int as n from incidents')).rows[0]?.n;

test('webhook replay: one alert, told a thousand times by two senders and now and then as resolved, is one incident and one action', async () => {
  const target = await slowTarget(50);
  const taken = await taking(yaml('shop', target.url));
  const fires = alert({}, { service: 'shop' });
  const send = (n: number) => taken.fire(n % 2 === 0 ? 'am-1' : 'am-2', [n % 9 === 8 ? { ...fires, status: 'resolved' } : fires]);
  await taken.hale.working(async () => {
    for (let n = 0; n < 1_000; n += 1) {
      await send(n * 7);
      if (n % 100 === 0) await taken.drain();
    }
    await taken.drain();
    expect(await outcomeOf('shop')).toMatchObject({ outcome: 'healed', attempts: 1 });
    await taken.drain();
  });
  expect(target.asked).toHaveLength(1);
  expect(await incidents(taken)).toBe(1);
  expect(await kept(taken.hale.pool)).toHaveLength(4);
});

test('spoofed webhook: an alert about a service that measures healthy changes nothing', async () => {
  const target = await slowTarget(0);
  await fetch(`${target.url}/reload`, { method: 'POST', headers: { 'idempotency-key': 'ada' } });
  const taken = await taking(yaml('till', target.url));
  await taken.fire('am-1', [alert({}, { service: 'till' })]);
  await taken.drain();
  await taken.hale.working(async () => expect(await outcomeOf('till')).toMatchObject({ outcome: 'notConfirmed' }));
  expect(target.asked).toEqual(['ada']);
});

test('an alert about a service of which nothing is measured changes nothing, and that is said', async () => {
  const taken = await taking('apiVersion: hale/v1\nservices: {bare: {corrections: {go: {exec: [/bin/true], mode: act}}}}\n');
  await taken.fire('am-1', [alert({}, { service: 'bare' })]);
  await taken.drain();
  await taken.hale.working(async () =>
    expect(await outcomeOf('bare')).toMatchObject({ outcome: 'notConfirmed', sentence: 'it has no objectives' }),
  );
});

test('what is about nobody, about hale itself, or about a service that a person holds starts no cycle, and why is kept', async () => {
  const target = await slowTarget(0);
  const taken = await taking(yaml('held', target.url));
  await taken.hale.pool.query("insert into incidents (id, service, onset) values ('inc-0', 'held', now())");
  await taken.hale.ports.controls.hold('held', undefined, 'escalated', 'inc-0');
  await taken.fire('am-1', [alert({}, { service: 'nobody' }), alert({}, { service: 'hale' }), alert({}, { service: 'held' })]);
  await taken.drain();
  const rows = await kept(taken.hale.pool);
  expect(Object.fromEntries(rows.map(({ labels, state, why }) => [labels.service, [state, why]]))).toEqual({
    nobody: ['unmatched', 'no service has matchers that fit its labels'],
    hale: ['self', null],
    held: ['recorded', 'held is held since a cycle ended escalated'],
  });
  const { rows: calls } = await taken.hale.pool.query(
    "select body::jsonb->'data'->>'sentence' as sentence from events where body like '%person.called%'",
  );
  expect(calls).toEqual([{ sentence: expect.stringContaining('ShopDown fires, which is about hale itself') as unknown }]);
  await expect(outcomeOf('held')).rejects.toThrow('workflow not found');
});

test('an alert whose report did not arrive is reported later', async () => {
  const taken = await taking(yaml('later', 'http://127.0.0.1:9'));
  await taken.fire('am-1', [alert({}, { service: 'later' })]);
  const away = { ...taken.hale.ports, cycles: { ...taken.hale.ports.cycles, report: () => Promise.reject(new Error('Temporal is away')) } };
  expect(await drainOnce({ ...away, alerts: postgresAlerts(taken.hale.pool) })).toBe(0);
  expect(await kept(taken.hale.pool)).toMatchObject([{ state: 'waiting' }]);
  await expect.poll(taken.drain, { timeout: 10_000 }).toBe(1);
  expect(await kept(taken.hale.pool)).toMatchObject([{ state: 'report', about: ['later/-'] }]);
});

/** A drain over the real ports that only counts what it reports. */
function counting({ hale }: Taken): { readonly reported: string[]; readonly drain: () => Promise<number> } {
  const reported: string[] = [];
  const cycles = { ...hale.ports.cycles, report: async ({ service }: { readonly service: string }) => void reported.push(service) };
  return { reported, drain: () => drainOnce({ ...hale.ports, cycles, alerts: postgresAlerts(hale.pool) }) };
}

const fleet = (names: readonly string[], more = '') =>
  `apiVersion: hale/v1\n${more}services:\n${names.map((name) => `  ${name}: {dependsOn: [${name === 'db' ? '' : 'db'}]}\n`).join('')}`;
const shops = Array.from({ length: 12 }, (_, index) => `shop-${index}`);

test('alerts of many services that come together are a storm before the first is reported, and only its source is', async () => {
  const taken = await taking(fleet(['db', ...shops], 'policy: {storm: {services: 20%, within: 2m}}\n'));
  const { reported, drain } = counting(taken);
  await taken.fire(
    'am-1',
    [...shops, 'db'].map((service) => alert({}, { service })),
  );
  await drain();
  expect(reported).toEqual(['db']);
  const rows = await kept(taken.hale.pool);
  const members = rows.filter(({ labels }) => labels.service !== 'db');
  expect(members.map(({ state, why }) => `${state}: ${why}`)).toEqual(
    shops.map(() => expect.stringMatching(/^recorded: part of the storm inc-/) as unknown),
  );
});

/** Services that all are measured over one real target, and one more of which nothing is. */
const measuredFleet = (url: string) => `apiVersion: hale/v1
policy: {storm: {services: 10%, within: 2m}}
classes: {web: {signals: {up: {http: '${url}/health', every: 1s, timeout: 900ms}}, objectives: {up: {above: 0, for: 0s}}}}
services:
  bare: {}
${shops.map((name) => `  ${name}: {class: web}\n`).join('')}`;

test('alerts about services that measure healthy are no storm, and those about services that do not are', async () => {
  const service = { status: 200 };
  const taken = await taking(measuredFleet(await serve((_, response) => response.writeHead(service.status).end())));
  const { reported, drain } = counting(taken);
  const everybody = [...shops, 'bare'];
  const fireAll = () =>
    taken.fire(
      'am-1',
      everybody.map((name) => alert({}, { service: name, alertname: `Down ${reported.length}` })),
    );
  await fireAll();
  await drain();
  expect(reported.toSorted()).toEqual(everybody.toSorted());
  expect((await taken.hale.pool.query('select service from troubles')).rows).toEqual([{ service: 'bare' }]);
  expect(await taken.hale.ports.storms.current()).toBeUndefined();
  service.status = 503;
  await fireAll();
  await drain();
  expect(await taken.hale.ports.storms.current()).toMatchObject({ services: 13 });
  expect(reported).toHaveLength(13);
});

test('services that hang are a storm in time: who does not answer is not known to be healthy', async () => {
  const url = await serve(() => undefined);
  const taken = await taking(measuredFleet(url).replace('every: 1s, timeout: 900ms', 'every: 60s, timeout: 50s'));
  const { reported, drain } = counting(taken);
  await taken.fire(
    'am-1',
    shops.map((service) => alert({}, { service })),
  );
  await drain();
  expect(await taken.hale.ports.storms.current()).toMatchObject({ services: 12 });
  expect(reported).toEqual([]);
});

test('of two workers that drain at once each alert is reported by one', async () => {
  const taken = await taking(fleet(['db', ...shops]));
  const [one, other] = [counting(taken), counting(taken)];
  await taken.fire(
    'am-1',
    shops.map((service) => alert({}, { service })),
  );
  const drained = await Promise.all([one.drain(), other.drain(), one.drain(), other.drain()]);
  expect(drained.reduce((sum, n) => sum + n, 0)).toBe(12);
  expect([...one.reported, ...other.reported].sort()).toEqual([...shops].sort());
});

test('a worker takes what another one has not in hand, without waiting for it', async () => {
  const taken = await taking(fleet(['db', ...shops]));
  await taken.fire(
    'am-1',
    shops.map((service) => alert({}, { service })),
  );
  const other = await taken.hale.pool.connect();
  onTestFinished(() => other.release(true));
  await other.query('begin');
  await other.query('select from alerts order by id limit 5 for update');
  expect(await postgresAlerts(taken.hale.pool).take(100)).toHaveLength(7);
});

test('what fires and then resolves is reported; what resolved before it came is not, whatever is drained together', async () => {
  const taken = await taking(fleet(['db', 'shop-1', 'shop-2']));
  const { reported, drain } = counting(taken);
  const [late, early] = [alert({}, { service: 'shop-1' }), alert({}, { service: 'shop-2' })];
  await taken.fire('am-1', [late]);
  await taken.fire('am-1', [{ ...late, status: 'resolved' }]);
  await taken.fire('am-2', [{ ...early, status: 'resolved' }]);
  await taken.fire('am-1', [early]);
  await drain();
  expect(reported).toEqual(['shop-1']);
});

test('alerts of last month are forgotten, but none at which nobody has looked', async () => {
  const taken = await taking(fleet(['db']));
  await taken.fire('am-1', [alert({}, { service: 'nobody' })]);
  await taken.drain();
  await taken.fire('am-1', [alert({}, { service: 'db' })]);
  await taken.hale.pool.query("update alerts set received_at = now() - interval '31 days'");
  await postgresAlerts(taken.hale.pool).forget(30 * 24 * 3_600_000);
  expect(await kept(taken.hale.pool)).toMatchObject([{ state: 'waiting' }]);
});
