import type pg from 'pg';
import { expect, test } from 'vitest';
import { storeConfiguration } from '../../../adapters/postgres/configurations.js';
import { postgresIncidents } from '../../../adapters/postgres/incidents.js';
import { readStorm } from '../../../adapters/postgres/read-storm.js';
import { postgresStorms } from '../../../adapters/postgres/storms.js';
import type { Policy, Service } from '../../../domain/service.js';
import { freshDatabase } from '../../support/database.js';
import { serviceWith } from '../../support/watching.js';

/** Twenty services, of which all but `mail` depend on `db`; three in trouble are a storm. */
async function fleet(policy: Policy | undefined = { storm: { share: 0.1, withinMs: 120_000 } }) {
  const { pool } = await freshDatabase();
  const services: Service[] = [
    serviceWith('db', []),
    serviceWith('mail', []),
    ...Array.from({ length: 18 }, (_, index) => serviceWith(`s${index}`, [], { dependsOn: ['db'] })),
  ];
  await storeConfiguration(pool, { version: 'v1', environment: 'test', services, ...(policy && { policy }), notYetActive: [] }, 'f', 't');
  const storms = postgresStorms(pool);
  const note = (service: string, since = Date.now()) => storms.note({ service, since, by: 'watch' });
  return { pool, storms, note };
}

const opening = (pool: pg.Pool, service: string, cycle: string) =>
  postgresIncidents(pool).open({
    key: `${cycle}/opened/0`,
    cycle,
    workflowId: `heal/${service}/-`,
    service,
    by: 'watch',
    onset: Date.now(),
    configVersion: 'v1',
    relapseWithinMs: 0,
  });

const recorded = async (pool: pg.Pool) =>
  (
    await pool.query<{ id: string; service: string; part_of: string | null; open: boolean }>(
      'select id, service, part_of, ended_at is null as open from incidents order by started_at',
    )
  ).rows;

const calls = async (pool: pg.Pool) =>
  (
    await pool.query<{ sentence: string }>(
      "select body::jsonb->'data'->>'sentence' as sentence from events where body::jsonb->>'kind' = 'person.called'",
    )
  ).rows.map(({ sentence }) => sentence);

test('many services in trouble at once are one incident of the environment, and people are called once', async () => {
  const { pool, storms, note } = await fleet();
  expect(await note('mail')).toBeUndefined();
  expect(await note('s1')).toBeUndefined();
  const storm = await note('s2');
  expect(storm).toMatchObject({ services: 3, of: 20 });
  expect(storm?.source).toBeUndefined();
  await Promise.all(Array.from({ length: 18 }, (_, index) => note(`s${index}`)));
  expect(await storms.current()).toMatchObject({ incident: storm?.incident, services: 19 });
  expect(await readStorm(pool)).toEqual({ incident: storm?.incident, since: expect.any(Date) as unknown });
  expect(await recorded(pool)).toMatchObject([{ id: storm?.incident, service: '*', open: true }]);
  expect(await calls(pool)).toEqual([
    'storm: 3 of 20 services are in trouble at once, with no source that hale knows; hale corrects nothing until it is over',
  ]);
});

test('of many notes at the same moment one opens the storm', async () => {
  const { pool, note } = await fleet();
  await Promise.all(Array.from({ length: 18 }, (_, index) => note(`s${index}`)));
  expect(await recorded(pool)).toHaveLength(1);
  expect(await calls(pool)).toHaveLength(1);
});

test('the incident is of what all depend on, also when that is noted last', async () => {
  const { pool, note } = await fleet();
  for (const service of ['s0', 's1', 's2']) await note(service);
  expect(await note('db')).toMatchObject({ source: 'db', services: 4 });
  expect(await recorded(pool)).toMatchObject([{ service: 'db', open: true }]);
});

test('incidents of the services that opened before, and during it, are part of the storm', async () => {
  const { pool, note } = await fleet();
  const { incident } = await opening(pool, 's0', 'c0');
  for (const service of ['s0', 's1', 'db']) await note(service);
  await opening(pool, 's5', 'c5');
  const storm = await note('s5');
  const rows = await recorded(pool);
  expect(rows.find(({ id }) => id === incident)?.part_of).toBe(storm?.incident);
  expect(rows.find(({ service }) => service === 's5')?.part_of).toBe(storm?.incident);
  expect(rows.find(({ id }) => id === storm?.incident)).toMatchObject({ service: 'db', part_of: null });
});

test('the cycle of the source joins the incident of the storm', async () => {
  const { pool, note } = await fleet();
  for (const service of ['s0', 's1', 'db']) await note(service);
  const storm = await note('db');
  expect((await opening(pool, 'db', 'c')).incident).toBe(storm?.incident);
});

test('a storm ends when its services have recovered, and the next one is another incident', async () => {
  const { pool, storms, note } = await fleet();
  for (const service of ['mail', 's1', 's2']) await note(service);
  const before = await storms.current();
  await pool.query("update troubles set noted_at = noted_at - interval '3 minutes' where service <> 'mail'");
  expect(await storms.current()).toBeUndefined();
  expect(await recorded(pool)).toMatchObject([{ id: before?.incident, open: false }]);
  await pool.query("update troubles set noted_at = noted_at - interval '3 minutes'");
  for (const service of ['mail', 's1', 's2']) await note(service);
  const after = await storms.current();
  expect(after).toBeDefined();
  expect(after?.incident).not.toBe(before?.incident);
});

test('a storm that comes back while the incident of its source is open is that incident again, and people are called again', async () => {
  const { pool, storms, note } = await fleet();
  const db = await opening(pool, 'db', 'cycle-db');
  for (const service of ['db', 's1', 's2']) await note(service);
  await pool.query("update troubles set noted_at = clock_timestamp() - interval '1 day' where service <> 'db'");
  expect(await storms.current()).toBeUndefined();
  for (const service of ['db', 's1', 's2']) await note(service);
  expect(await storms.current()).toMatchObject({ incident: db.incident, source: 'db' });
  expect(await calls(pool)).toHaveLength(2);
});

test('troubles that began far apart are no storm, nor are those of services that are not configured', async () => {
  const { note } = await fleet();
  await note('mail', Date.now() - 600_000);
  await note('s1', Date.now() - 300_000);
  for (const service of ['s2', 'unknown', 'stranger']) expect(await note(service)).toBeUndefined();
});

test('without a policy for it nothing is a storm', async () => {
  const { storms, note } = await fleet({});
  for (const service of ['mail', 's1', 's2', 's3']) expect(await note(service)).toBeUndefined();
  expect(await storms.current()).toBeUndefined();
});
