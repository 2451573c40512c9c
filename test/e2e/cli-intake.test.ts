// What came in from outside, by the built `hale` command over a real database.
import { expect, test } from 'vitest';
import * as wire from '../../contracts/cli.js';
import { storeChanges } from '../../adapters/postgres/changes.js';
import { dataOf, failureOf, hale } from '../support/hale-command.js';
import { alert, webOn } from '../support/intake.js';
import { shopConfigured, shopIncident } from '../support/recorded.js';

test('alerts and changes are listed, and a change stands on the incident that followed it', { timeout: 60_000 }, async () => {
  const { pool, databaseUrl, fire } = await webOn();
  const at = ['--database', databaseUrl, '--state', '/nowhere', '--json'];
  await fire([alert({}, { pod: 'a\u001b[31m' })]);
  await pool.query("update alerts set state = 'unmatched', why = 'no service'");
  await fire([alert({}, { pod: 'b' })]);
  await pool.query("update alerts set about = '{shop/b,shop/a,cart/-}' where state = 'waiting'");
  const deploy = {
    id: '1',
    source: 'ci',
    service: 'shop',
    kind: 'deploy',
    state: 'finished',
    summary: 'shop v2',
    at: Date.now() - 60_000,
  } as const;
  const long = { ...deploy, id: '3', service: 'desk', at: Date.now() - 300_000, finishedAt: Date.now() - 40_000 };
  await storeChanges(pool, [deploy, { ...deploy, id: '2', service: 'till' }, long]);
  const incident = await shopIncident(pool, await shopConfigured(pool));

  expect(dataOf(wire.alerts, await hale(['alerts', ...at]))).toMatchObject([
    { state: 'waiting', services: ['cart', 'shop'] },
    { state: 'unmatched', services: [] },
  ]);
  expect(dataOf(wire.alerts, await hale(['alerts', '--unmatched', ...at]))).toMatchObject([
    { why: 'no service', labels: { service: 'shop' } },
  ]);
  const text = await hale(['alerts', '--unmatched', '--database', databaseUrl]);
  expect(text.stdout).toContain('unmatched');
  expect(text.stdout).not.toContain('\u001b');
  expect(dataOf(wire.changes, await hale(['changes', '--service', 'shop', ...at]))).toMatchObject([
    { service: 'shop', summary: 'shop v2', by: null },
  ]);
  const began = dataOf(wire.changes, await hale(['changes', ...at])).map((change) => change.at);
  expect(began).toEqual(began.toSorted().toReversed());
  expect(began).toHaveLength(3);
  expect(dataOf(wire.changes, await hale(['changes', '--since', '30s', ...at]))).toEqual([]);
  expect(failureOf(await hale(['changes', '--since', 'x', ...at]))).toMatchObject({ code: 'usage' });
  expect(dataOf(wire.incidentDetail, await hale(['incidents', incident, ...at])).changes).toMatchObject([
    { service: 'shop', summary: 'shop v2' },
  ]);
});
