// hale's own metrics, as a Prometheus reads them.
import { spawnSync } from 'node:child_process';
import parsePrometheusTextFormat from 'parse-prometheus-text-format';
import { expect, test } from 'vitest';
import { postgresShards } from '../../../adapters/postgres/shards.js';
import { postgresSwitches } from '../../../adapters/postgres/controls.js';
import { alert, webOn } from '../../support/intake.js';

async function scrape(url: string): Promise<Readonly<Record<string, number>>> {
  const families = parsePrometheusTextFormat(await (await fetch(`${url}/metrics`)).text());
  const samples = families.flatMap(({ name, metrics }) =>
    metrics.map((one) => [[name, ...Object.values(one.labels ?? {})].join(' '), Number(one.value)] as const),
  );
  return Object.fromEntries(samples);
}

test('there is no number for the newest reading while there is no reading', async () => {
  const { url, pool } = await webOn();
  expect(await scrape(url)).not.toHaveProperty('hale_watch_last_reading_timestamp_seconds');

  const at = Date.now() - 5_000;
  const shards = postgresShards(pool);
  const { generation } = await shards.claim(0);
  await shards.store(0, generation, [{ service: 'shop', signal: 'up', reading: { kind: 'value', at, value: 1 } }]);
  expect((await scrape(url)).hale_watch_last_reading_timestamp_seconds).toBeCloseTo(at / 1000, 2);
});

test('what is on record is counted at each scrape', async () => {
  const { url, pool, fire } = await webOn();
  await fire([alert(), alert({ status: 'on' })]);
  await fire([alert({ startsAt: '2026-11-28T08:00:00Z' }), alert({ startsAt: '2026-11-28T08:00:00Z' })]);
  await postgresSwitches(pool).stop({ by: 'ada', key: 'k' });
  await pool.query("insert into incidents (id, service, onset) values ('inc-1', 'shop', now())");
  const numbers = await scrape(url);
  expect(numbers).toMatchObject({
    hale_services: 1,
    hale_incidents_open: 1,
    hale_stopped: 1,
    hale_services_held: 0,
    hale_storm: 0,
    'hale_effects_in_force stranded': 0,
    'hale_alerts_last_day waiting': 2,
    'hale_intake_alerts_total am-prod kept': 2,
    'hale_intake_alerts_total am-prod refused': 1,
    'hale_intake_requests_total 200': 2,
  });
  expect(numbers.hale_intake_drain_lag_seconds).toBeGreaterThan(0);
});

/** What promtool finds fault with: names, units, types and help texts. */
function complaintsAbout(text: string): string {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  return status === 0 ? '' : `${stdout}${stderr}`;
}

test('names, types, units and help texts are as Prometheus wants them', async () => {
  const { url, pool, fire } = await webOn();
  await fire([alert(), alert({ status: 'on' })]);
  const shards = postgresShards(pool);
  const { generation } = await shards.claim(0);
  await shards.store(0, generation, [{ service: 'shop', signal: 'up', reading: { kind: 'value', at: Date.now(), value: 1 } }]);
  const text = await (await fetch(`${url}/metrics`)).text();
  for (const name of ['hale_watch_last_reading_timestamp_seconds', 'hale_intake_alerts_total', 'hale_intake_requests_total', 'hale_storm'])
    expect(text).toMatch(new RegExp(`^${name}[ {]`, 'm'));
  expect(complaintsAbout(text)).toBe('');
  expect(complaintsAbout(text.replaceAll('hale_intake_alerts_total', 'hale_intake_alerts'))).toContain('"_total"');
  expect(complaintsAbout(text.replace(/^# HELP hale_storm .*\n/m, ''))).toContain('hale_storm no help text');
});
