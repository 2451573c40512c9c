import { expect, test } from 'vitest';
import { postgresIncidents } from '../../../adapters/postgres/incidents.js';
import { openRecords } from '../../../adapters/postgres/read.js';
import { freshDatabase } from '../../support/database.js';
import { closed, shopConfigured } from '../../support/recorded.js';

test('a later cycle that finds no trouble does not change how the incident ended', async () => {
  const { pool, url } = await freshDatabase();
  const fleet = await shopConfigured(pool);
  const opening = {
    workflowId: 'heal/shop/-',
    service: 'shop',
    by: 'watch',
    onset: 1,
    configVersion: fleet.version,
    relapseWithinMs: 60_000,
  };
  const open = (cycle: string) => postgresIncidents(pool).open({ ...opening, cycle, key: `${cycle}/opened/0` });
  const { incident } = await open('first');
  await closed(pool, incident, 'healed', 'restart held', 'first');
  expect(await open('second')).toEqual({ incident, relapse: true });
  await closed(pool, incident, 'notConfirmed', 'nothing is broken', 'second');
  const records = await openRecords(url);
  const read = await records.incidents({ limit: 10 });
  await records.close();
  expect(read).toMatchObject([{ id: incident, outcome: 'healed', sentence: 'restart held', cycle: 'second' }]);
});

test('a rejection is that of one proposal in one incident', async () => {
  const { pool } = await freshDatabase();
  const incidents = postgresIncidents(pool);
  const said = (key: string, verb: string, proposal: string) =>
    incidents.note({ key, kind: 'person.said', service: 'shop', incident: 'inc-1', data: { verb, by: 'bob', proposal } });
  await said('1', 'reject', 'aaaa');
  await said('2', 'approve', 'bbbb');
  expect(await incidents.rejection('inc-1', 'aaaa')).toEqual({ by: 'bob', at: expect.closeTo(Date.now(), -5) });
  expect(await incidents.rejection('inc-1', 'bbbb')).toBeUndefined();
  expect(await incidents.rejection('inc-2', 'aaaa')).toBeUndefined();
});
