// Drives the watching activity over a real PostgreSQL, a real Temporal server and real services that break.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type pg from 'pg';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Correction } from '../../domain/service.js';
import { postgresKnownGood } from '../../adapters/postgres/known-good.js';
import { postgresControls } from '../../adapters/postgres/controls.js';
import { postgresSamples } from '../../adapters/postgres/samples.js';
import { healWorkflowId } from '../../contracts/names.js';
import { anybody } from '../support/anybody.js';
import { freshDatabase } from '../support/database.js';
import { devServer } from '../support/temporal.js';
import { configure, serviceWith, shop, startWatch, upObjective, upSignal } from '../support/watching.js';

let env: TestWorkflowEnvironment;
beforeAll(async () => void (env = await devServer()), 60_000);
afterAll(() => env.teardown());

let names = 0;
const newName = (): string => `shop-${process.pid}-${(names += 1)}`;

const within = (timeout = 10_000) => ({ timeout, interval: 20 });

/** When the cycle of a service was started, undefined while there is none. */
const reported = async (service: string): Promise<number | undefined> =>
  env.client.workflow
    .getHandle(healWorkflowId(service))
    .describe()
    .then(
      ({ startTime }) => startTime.getTime(),
      () => undefined,
    );

async function ledger(pool: pg.Pool, kind: string): Promise<Record<string, unknown>[]> {
  const { rows } = await pool.query<{ body: string }>('select body from events order by seq');
  return rows.map(({ body }) => JSON.parse(body) as Record<string, unknown>).filter((event) => event.kind === kind);
}

const onsetOf = (event: Record<string, unknown> | undefined): unknown => (event?.data as { onset?: number } | undefined)?.onset;

const readingsOf = (pool: pg.Pool, service: string) => postgresSamples(pool).since(service, undefined, 'up', 0);

async function temporaryFolder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'hale-good-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

const restoring = (path: string): Correction => ({
  name: 'last-good',
  mode: 'act',
  undo: 'restores',
  repeatable: true,
  action: { kind: 'file', path, restore: 'lastGood' },
  approvals: anybody,
  settleMs: 1_000,
  holdMs: 500,
  timeoutMs: 1_000,
  cooldownMs: 0,
});

async function watched(changed: Parameters<typeof serviceWith>[2] = {}) {
  const { pool } = await freshDatabase();
  const [service, name] = [await shop(), newName()];
  await configure(pool, [serviceWith(name, [upSignal(service.url)], changed)]);
  return { pool, service, name };
}

test('a breach is stored, reported to its cycle and noted with its onset at once', async () => {
  const { pool, service, name } = await watched();
  startWatch(pool, env.client);
  await expect.poll(() => service.asked, within()).toBeGreaterThan(2);
  expect(await reported(name)).toBeUndefined();
  service.up = false;
  await expect.poll(() => reported(name), within()).toBeDefined();
  await expect.poll(() => ledger(pool, 'finding.opened'), within()).toHaveLength(1);
  const [opened] = await ledger(pool, 'finding.opened');
  const first = (await readingsOf(pool, name)).find((one) => one.kind === 'value' && one.value === 0);
  expect(opened).toMatchObject({ service: name, data: { objective: 'up', onset: first?.at, severity: 'critical' } });
  expect((await reported(name)) ?? 0).toBeLessThan((first?.at ?? 0) + 5_000);

  service.up = true;
  await expect.poll(() => ledger(pool, 'finding.closed'), within()).toMatchObject([{ data: { isLast: true } }]);
});

test('that nothing is found about a service any more is said with the last of its findings', async () => {
  const later = { ...upObjective, name: 'later', votes: { bad: 1, of: 3 } };
  const { pool, service } = await watched({ objectives: [upObjective, later] });
  startWatch(pool, env.client);
  service.up = false;
  await expect.poll(() => ledger(pool, 'finding.opened'), within()).toHaveLength(2);
  service.up = true;
  await expect
    .poll(() => ledger(pool, 'finding.closed'), within())
    .toMatchObject([{ data: { objective: 'up', isLast: false } }, { data: { objective: 'later', isLast: true } }]);
});

test('while many services are broken at once only the cycle of what they all depend on starts', async () => {
  const { pool } = await freshDatabase();
  const [source, ...members] = [newName(), newName(), newName(), newName()];
  const service = await shop();
  const dependents = members.map((name) => serviceWith(name, [upSignal(service.url)], { dependsOn: [source as string] }));
  await configure(pool, [serviceWith(source as string, [upSignal(service.url)]), ...dependents], {
    storm: { share: 0.5, withinMs: 60_000 },
  });
  await pool.query(`insert into troubles select name, clock_timestamp(), clock_timestamp(), 'test' from unnest($1::text[]) name`, [
    [source, ...members.slice(0, 2)],
  ]);
  startWatch(pool, env.client);
  await expect.poll(() => service.asked, within()).toBeGreaterThan(2);
  service.up = false;
  await expect.poll(() => reported(source as string), within()).toBeDefined();
  await expect.poll(() => ledger(pool, 'storm.opened'), within()).toMatchObject([{ service: source }]);
  await expect.poll(async () => (await pool.query("select from troubles where by = 'watch'")).rowCount, within()).toBe(4);
  expect(await Promise.all(members.map(reported))).toEqual([undefined, undefined, undefined]);
});

test('a service that hangs is a breach and delays no other one', async () => {
  const { pool } = await freshDatabase();
  const [hung, fine] = [await shop(), await shop()];
  hung.hangs = true;
  const [hungName, fineName] = [newName(), newName()];
  const slow = upSignal(hung.url, { timeoutMs: 1_000 });
  await configure(pool, [serviceWith(hungName, [slow]), serviceWith(fineName, [upSignal(fine.url)])]);
  startWatch(pool, env.client);
  await expect.poll(() => reported(hungName), within()).toBeDefined();
  const [slowReads, quickReads] = [hung.asked, fine.asked];
  expect(slowReads).toBeLessThan(4);
  expect(quickReads).toBeGreaterThan(slowReads * 3);
});

test('a new configuration is followed without a restart', async () => {
  const { pool, service, name } = await watched();
  startWatch(pool, env.client);
  await expect.poll(() => service.asked, within()).toBeGreaterThan(2);
  const [other, otherName] = [await shop(), newName()];
  await configure(pool, [serviceWith(otherName, [upSignal(other.url)])]);
  await expect.poll(() => other.asked, within()).toBeGreaterThan(2);
  const before = service.asked;
  await expect.poll(() => other.asked, within()).toBeGreaterThan(10);
  expect(service.asked - before).toBeLessThan(3);
  expect(await readingsOf(pool, name)).not.toHaveLength(0);
});

test('of two watchers of one shard the older one stops and writes nothing more', async () => {
  const { pool, service, name } = await watched();
  const older = startWatch(pool, env.client);
  const refused = expect(older.ended).rejects.toThrow('another watcher took over');
  await expect.poll(() => readingsOf(pool, name), within()).not.toHaveLength(0);
  const newer = startWatch(pool, env.client);
  await refused;
  service.up = false;
  await expect.poll(() => ledger(pool, 'finding.opened'), within()).toHaveLength(1);
  expect(newer.beats.at(-1)).toMatchObject({ generation: '2' });
});

test('a successor goes on with the finding its predecessor opened', async () => {
  const { pool, service, name } = await watched();
  const first = startWatch(pool, env.client, { saveMs: 60_000 });
  service.up = false;
  await expect.poll(() => ledger(pool, 'finding.opened'), within()).toHaveLength(1);
  await first.stop();
  startWatch(pool, env.client);
  const before = service.asked;
  await expect.poll(() => service.asked - before, within()).toBeGreaterThan(3);
  service.up = true;
  await expect.poll(() => ledger(pool, 'finding.closed'), within()).toHaveLength(1);
  const [opened] = await ledger(pool, 'finding.opened');
  const [closed] = await ledger(pool, 'finding.closed');
  expect(await ledger(pool, 'finding.opened')).toHaveLength(1);
  expect(closed).toMatchObject({ data: { onset: onsetOf(opened) } });
  expect(await reported(name)).toBeDefined();
});

test('at hand-over nearly every due read was done, and the counts run on', async () => {
  const { pool } = await watched();
  const report = await startWatch(pool, env.client, { handOverMs: 3_000 }).ended;
  expect(report.due).toBeGreaterThan(20);
  expect(report.done / report.due).toBeGreaterThanOrEqual(0.9);
  const second = await startWatch(pool, env.client, { handOverMs: 500 }).ended;
  expect(second.due).toBeGreaterThan(report.due);
  expect(Number(second.generation)).toBeGreaterThan(Number(report.generation));
});

test('of fifty signals polled each second 97 of 100 due reads are done', async () => {
  const { pool } = await freshDatabase();
  const service = await shop();
  const services = Array.from({ length: 50 }, () => serviceWith(newName(), [upSignal(service.url, { everyMs: 1_000 })]));
  await configure(pool, services);
  const { due, done } = await startWatch(pool, env.client, { handOverMs: 8_000, tickMs: 1_000 }).ended;
  expect(due).toBeGreaterThan(300);
  expect(done / due).toBeGreaterThanOrEqual(0.97);
});

test('a service that is held is not reported, and let go when its symptom stayed away', async () => {
  const { pool, service, name } = await watched();
  const controls = postgresControls(pool);
  await controls.hold(name, undefined, 'escalated', 'inc-1');
  service.up = false;
  startWatch(pool, env.client);
  await expect.poll(() => ledger(pool, 'finding.opened'), within()).toHaveLength(1);
  await expect.poll(() => service.asked, within()).toBeGreaterThan(8);
  expect(await reported(name)).toBeUndefined();
  service.up = true;
  await expect.poll(() => controls.held(name, undefined), within()).toBeUndefined();
  expect(await ledger(pool, 'hold.released')).toHaveLength(1);
});

test('row 35: half of the services silent at once is one finding about the monitoring', async () => {
  const { pool } = await freshDatabase();
  const all = [newName(), newName(), newName(), newName()];
  const objective = { ...upObjective, silenceMs: 400 };
  const silent = (name: string) => upSignal('', { kind: 'exec', argv: [`/no/such/${name}`], plugin: false } as never);
  const fine = await shop();
  const services = all.map((name, n) => serviceWith(name, [n < 2 ? silent(name) : upSignal(fine.url)], { objectives: [objective] }));
  await configure(pool, services);
  startWatch(pool, env.client);
  await expect.poll(() => ledger(pool, 'monitoring.silent'), within()).toHaveLength(1);
  expect(await ledger(pool, 'monitoring.silent')).toMatchObject([{ service: '-monitoring', data: { count: 2, of: 4 } }]);
  expect(await ledger(pool, 'finding.opened')).toEqual([]);
  expect(await Promise.all(all.map(reported))).toEqual([undefined, undefined, undefined, undefined]);
});

test('one silent service is a silence, reported so that a person hears of it', async () => {
  const { pool } = await freshDatabase();
  const [silent, fine] = [newName(), await shop()];
  const objectives = [{ ...upObjective, silenceMs: 400 }];
  const blind = upSignal('', { kind: 'exec', argv: ['/no/such/program'], plugin: false } as never);
  const others = [newName(), newName()].map((name) => serviceWith(name, [upSignal(fine.url)], { objectives }));
  await configure(pool, [serviceWith(silent, [blind], { objectives }), ...others]);
  startWatch(pool, env.client);
  await expect.poll(() => ledger(pool, 'finding.opened'), within()).toMatchObject([{ service: silent, data: { finding: 'silence' } }]);
  await expect.poll(() => reported(silent), within()).toBeDefined();
});

test('an image of a target counts as good after a hold window of health, and not while it is broken', async () => {
  const { pool } = await freshDatabase();
  const [service, name] = [await shop(), newName()];
  const path = join(await temporaryFolder(), 'shop.conf');
  await writeFile(path, 'port = 1');
  await configure(pool, [serviceWith(name, [upSignal(service.url)], { corrections: [restoring(path)] })]);
  startWatch(pool, env.client);
  const good = postgresKnownGood(pool);
  const latest = async () => (await good.latest(name, undefined, 'last-good'))?.image.identity;
  await expect.poll(latest, within()).toBeDefined();
  const first = await latest();

  service.up = false;
  await expect.poll(() => ledger(pool, 'finding.opened'), within()).toHaveLength(1);
  await writeFile(path, 'port = 2');
  const asked = service.asked;
  await expect.poll(() => service.asked - asked, within()).toBeGreaterThan(8);
  expect(await latest()).toBe(first);

  service.up = true;
  await expect.poll(latest, within()).not.toBe(first);
});

test('an image under which nothing can be measured any more does not count as good', async () => {
  const { pool } = await freshDatabase();
  const [fine, name, folder] = [await shop(), newName(), await temporaryFolder()];
  const [path, reading] = [join(folder, 'shop.conf'), join(folder, 'reading')];
  await Promise.all([writeFile(path, 'port = 1'), writeFile(reading, '1')]);
  const signal = upSignal('', { kind: 'exec', argv: ['/bin/cat', reading], plugin: false } as never);
  const others = [newName(), newName()].map((one) => serviceWith(one, [upSignal(fine.url)]));
  await configure(pool, [serviceWith(name, [signal], { corrections: [restoring(path)] }), ...others]);
  startWatch(pool, env.client);
  const latest = async () => (await postgresKnownGood(pool).latest(name, undefined, 'last-good'))?.image.identity;
  await expect.poll(latest, within()).toBeDefined();
  const first = await latest();

  await Promise.all([writeFile(path, 'prot = 1'), rm(reading)]);
  const asked = fine.asked;
  await expect.poll(() => fine.asked - asked, within()).toBeGreaterThan(20);
  expect(await latest()).toBe(first);
});

test('a signal says nothing while the condition it depends on does not hold', async () => {
  const { pool } = await freshDatabase();
  const [service, traffic, name] = [await shop(), await shop(), newName()];
  service.up = false;
  traffic.up = false;
  const condition = upSignal(traffic.url, { name: 'traffic' });
  const up = upSignal(service.url, { onlyIf: [{ signal: 'traffic', bound: { above: 0 } }] });
  await configure(pool, [serviceWith(name, [condition, up])]);
  startWatch(pool, env.client);
  await expect.poll(() => readingsOf(pool, name), within()).not.toHaveLength(0);
  await expect.poll(() => service.asked, within()).toBeGreaterThan(8);
  expect(await ledger(pool, 'finding.opened')).toEqual([]);
  traffic.up = true;
  await expect.poll(() => ledger(pool, 'finding.opened'), within()).toHaveLength(1);
});
