// Silences of a real Alertmanager, kept for alerts that a running cycle works on.
import { expect, onTestFinished, test, vi } from 'vitest';
import type { LastCycle } from '../../../domain/detection/reporting.js';
import { alertmanagerSilencer } from '../../../adapters/alertmanager/silencer.js';
import { postgresAlerts } from '../../../adapters/postgres/alerts.js';
import { currentFleet } from '../../../adapters/postgres/configurations.js';
import { openIntake } from '../../../adapters/postgres/intake.js';
import { postgresSilences } from '../../../adapters/postgres/silences.js';
import { keepSilences } from '../../../workers/keep-silences.js';
import { configured } from '../../support/configured.js';
import { startAlertmanager } from '../../support/debian-prometheus.js';
import { tellAlertmanager } from '../../support/pager.js';
import { freePort } from '../../../workers/stack/ports.js';

const forMs = 60_000;
const labels = { alertname: 'Down', service: 'shop', severity: 'critical', quote: 'a "b" \\ é' };

interface Silence {
  readonly id: string;
  readonly status: { readonly state: string };
  readonly matchers: unknown[];
  readonly createdBy: string;
  readonly comment: string;
  readonly endsAt: string;
}

async function healing({ silence = true, url, corrections = '' }: { silence?: boolean; url?: string; corrections?: string } = {}) {
  const alertmanager = await startAlertmanager({ config: 'route: {receiver: none}\nreceivers: [{name: none}]\n' });
  onTestFinished(() => alertmanager.stop());
  const { pool, ports } = await configured(`apiVersion: hale/v1
sources: {am: {alertmanager: '${url ?? alertmanager.url}'}}
policy: {silence: {source: am, for: 1m}}
services:
  shop: {silence: ${silence}, signals: {up: {http: 'http://127.0.0.1:9/'}}, objectives: {up: {above: 0}}${corrections}}
`);
  const start = new Date();
  await tellAlertmanager(alertmanager.url, labels, start);
  await report(pool.options.connectionString ?? '', postgresAlerts(pool), start.getTime());
  const { incident } = await ports.incidents.open({
    key: 'c1/opened',
    cycle: 'c1',
    workflowId: 'heal/shop/-',
    service: 'shop',
    by: 'test',
    onset: start.getTime(),
    configVersion: 'v1',
    relapseWithinMs: 0,
  });
  const book = postgresSilences(pool);
  let rounds = 0;
  let last: LastCycle = { kind: 'running' };
  const silencing = {
    book: { ...book, release: () => book.release().then(() => void (rounds += 1)) },
    silencer: alertmanagerSilencer(),
    cycles: { last: async () => last },
    fleet: currentFleet(pool),
  };
  const failures: string[] = [];
  const abort = new AbortController();
  const keeping = keepSilences(silencing, { everyMs: 50, abort: abort.signal, failed: (error) => void failures.push(String(error)) });
  const die = async () => {
    abort.abort();
    await keeping;
  };
  onTestFinished(die);
  const silences = async () => (await (await fetch(`${alertmanager.url}/api/v2/silences`)).json()) as Silence[];
  return {
    pool,
    ports,
    incident,
    /** Begins this correction. */
    begin: async (correction: string) => {
      const image = { identity: 'x', summary: 'x', content: {} };
      const about = { cycle: 'c1', incident, service: 'shop', resource: correction, configVersion: 'v1' };
      await ports.effects.prepare({ actionId: correction, correction, ...about, before: image, undo: 'nothingToRestore' });
      await ports.effects.move(correction, ['prepared'], 'intended', { fence: '1' });
    },
    failures,
    die,
    /** Waits until so many whole rounds have been made. */
    rounds: async (wanted: number) => {
      const until = rounds + wanted + 1;
      while (rounds < until) await new Promise((resolve) => setTimeout(resolve, 20));
    },
    terminate: () => void (last = { kind: 'ended', at: Date.now() }),
    silences,
    active: async () => (await silences()).filter(({ status }) => status.state === 'active'),
    /** How Alertmanager sees the alert: suppressed, or active, when people hear of it. */
    state: async () =>
      ((await (await fetch(`${alertmanager.url}/api/v2/alerts`)).json()) as { status: { state: string } }[]).map(
        ({ status }) => status.state,
      ),
    until: async (holds: () => Promise<boolean>) => {
      while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50));
    },
  };
}

async function report(url: string, alerts: ReturnType<typeof postgresAlerts>, startsAt: number): Promise<void> {
  const intake = openIntake(url);
  await intake.storeAlerts('am', [{ status: 'firing', labels, annotations: {}, startsAt, occurrence: 'g' }]);
  await intake.close();
  const taken = await alerts.take(10);
  await alerts.settle(taken.map(({ id }) => ({ id, fate: { kind: 'report', about: [{ service: 'shop' }] } })));
}

const endsIn = ({ endsAt }: Silence): number => Date.parse(endsAt) - Date.now();

test('the alert that a running cycle works on is silent, by exactly its labels, and speaks again when the cycle ends', async () => {
  const hale = await healing();
  await hale.until(async () => (await hale.state()).includes('suppressed'));
  const [one, ...more] = await hale.active();
  expect(more).toEqual([]);
  expect(one).toMatchObject({ createdBy: 'hale', comment: `hale is healing shop (${hale.incident})` });
  expect(one?.matchers).toEqual(
    expect.arrayContaining(Object.entries(labels).map(([name, value]) => ({ name, value, isRegex: false, isEqual: true }))),
  );
  expect(one?.matchers).toHaveLength(Object.keys(labels).length);
  await hale.ports.incidents.close({
    key: 'closed',
    incident: hale.incident,
    cycle: 'c1',
    service: 'shop',
    outcome: 'healed',
    sentence: '',
  });
  await hale.until(async () => (await hale.state()).includes('active'));
  expect(await hale.active()).toEqual([]);
  await hale.until(async () => (await hale.pool.query('select from silences')).rowCount === 0);
});

test('when hale dies the silence ends by itself, within the time that the file allows', async () => {
  const hale = await healing();
  await hale.until(async () => (await hale.active()).length === 1);
  await hale.die();
  const [left] = await hale.active();
  expect(left && endsIn(left)).toBeLessThanOrEqual(forMs);
});

test("a silence is renewed while the cycle runs, and stays the same silence, even where hale's clock is behind Alertmanager's", async () => {
  const now = Date.now;
  const clock = vi.spyOn(Date, 'now').mockImplementation(() => now() - 2_000);
  onTestFinished(() => clock.mockRestore());
  const hale = await healing();
  await hale.until(async () => (await hale.active()).length === 1);
  const [before] = await hale.active();
  await hale.until(async () => (await hale.pool.query("update silences set ends_at = clock_timestamp() + interval '29 s'")).rowCount === 1);
  await hale.until(async () => (await hale.active()).some(({ endsAt }) => endsAt !== before?.endsAt));
  expect((await hale.active()).map(({ id }) => id)).toEqual([before?.id]);
});

test('as soon as a person is called the alert speaks again; news that calls nobody changes nothing', async () => {
  const hale = await healing();
  const note = (key: string, why: string) =>
    hale.ports.incidents.note({ key, kind: 'person.called', service: 'shop', incident: hale.incident, data: { why, sentence: '' } });
  await hale.until(async () => (await hale.active()).length === 1);
  await note('news', 'told');
  await hale.until(async () => (await hale.pool.query("update silences set ends_at = clock_timestamp() + interval '29 s'")).rowCount === 1);
  await hale.until(
    async () => (await hale.pool.query("select from silences where ends_at > clock_timestamp() + interval '30 s'")).rowCount === 1,
  );
  await note('call', 'overdue');
  await hale.until(async () => (await hale.state()).includes('active'));
});

test('a cycle that was terminated keeps nothing silent', async () => {
  const hale = await healing();
  await hale.until(async () => (await hale.active()).length === 1);
  hale.terminate();
  await hale.until(async () => (await hale.active()).length === 0);
});

test('a service that does not say so is never silenced', async () => {
  const hale = await healing({ silence: false });
  await hale.rounds(2);
  expect(await hale.silences()).toEqual([]);
});

const fix = 'exec: [/bin/fix], undo: nothingToRestore';
const corrections = `, corrections: {quiet: {${fix}, silence: true}, loud: {${fix}, silence: false}, plain: {${fix}}}`;

test('what a correction says about silence counts from when it has begun, and goes before what the service says', async () => {
  const hale = await healing({ silence: false, corrections });
  await hale.rounds(2);
  expect(await hale.silences()).toEqual([]);
  await hale.begin('quiet');
  await hale.until(async () => (await hale.active()).length === 1);
  await hale.begin('loud');
  await hale.until(async () => (await hale.active()).length === 0);
});

test('a correction that says nothing about silence leaves it to the service', async () => {
  const hale = await healing({ corrections });
  await hale.begin('plain');
  await hale.rounds(2);
  expect(await hale.active()).toHaveLength(1);
  await hale.begin('loud');
  await hale.until(async () => (await hale.active()).length === 0);
});

test('an Alertmanager that does not answer is said, and asked again', async () => {
  const hale = await healing({ url: `http://127.0.0.1:${await freePort()}` });
  await hale.until(async () => hale.failures.length >= 2);
  expect(hale.failures[0]).toContain('ECONNREFUSED');
});
