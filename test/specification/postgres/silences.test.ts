// Which alerts may be silent, as the database tells it: an alert may be about many, and each of them may have called a person.
import { expect, test } from 'vitest';
import type { About, Alert } from '../../../domain/alert.js';
import type { Outcome } from '../../../domain/outcome.js';
import { postgresAlerts } from '../../../adapters/postgres/alerts.js';
import { postgresControls } from '../../../adapters/postgres/controls.js';
import { postgresIncidents } from '../../../adapters/postgres/incidents.js';
import { openIntake } from '../../../adapters/postgres/intake.js';
import { postgresSilences } from '../../../adapters/postgres/silences.js';
import { freshDatabase } from '../../support/database.js';

const start = Date.now();
const eu1 = { service: 'shop', instance: 'eu-1' };
const eu2 = { service: 'shop', instance: 'eu-2' };
const shop = { service: 'shop' };
const cart = { service: 'cart' };

async function records() {
  const { pool, url } = await freshDatabase();
  const [alerts, incidents, controls] = [postgresAlerts(pool), postgresIncidents(pool), postgresControls(pool)];
  let told = 0;
  const tell = async (alertname: string, about: readonly About[], changed: Partial<Alert> = {}) => {
    const intake = openIntake(url);
    const alert: Alert = { status: 'firing', labels: { alertname }, annotations: {}, startsAt: start, occurrence: 'g', ...changed };
    await intake.storeAlerts('am', [{ ...alert, occurrence: `g${(told += 1)}` }]);
    await intake.close();
    const taken = await alerts.take(10);
    const fate = alert.status === 'resolved' ? { kind: 'recorded' as const, why: '' } : { kind: 'report' as const, about };
    await alerts.settle(taken.map(({ id }) => ({ id, fate })));
  };
  const cycleOf = async (about: About): Promise<string> => {
    const cycle = `cycle/${about.service}/${about.instance ?? '-'}`;
    const opening = { key: cycle, cycle, workflowId: cycle, by: 'test', onset: start, configVersion: 'v1', relapseWithinMs: 0 };
    return (await incidents.open({ ...opening, ...about })).incident;
  };
  return {
    tell,
    cycleOf,
    call: (incident: string, service: string) =>
      incidents.note({ key: `call/${incident}`, kind: 'person.called', service, incident, data: { why: 'ask', sentence: '' } }),
    end: async (incident: string, about: About, outcome: Outcome, holds: boolean) => {
      const cycle = `cycle/${about.service}/${about.instance ?? '-'}`;
      await incidents.close({ key: `${cycle}/closed`, incident, cycle, service: about.service, outcome, sentence: '' });
      if (holds) await controls.hold(about.service, about.instance, outcome, incident);
    },
    resume: (about: About) => controls.releaseHold(about.service, about.instance, 'a person resumed it'),
    /** The alerts that may be silent, and for whose cycle. */
    wishes: async () =>
      (await postgresSilences(pool).wishes()).map(
        ({ labels, service, instance }) => `${labels.alertname} ${service}${instance ? `/${instance}` : ''}`,
      ),
  };
}

test('an alert is silent for the cycle of the instance that it is about, and for no other instance of the service', async () => {
  const hale = await records();
  await hale.tell('One', [eu1]);
  await hale.tell('Two', [eu2]);
  await hale.tell('Whole', [shop]);
  await hale.cycleOf(eu1);
  expect(await hale.wishes()).toEqual(['One shop/eu-1']);
});

test('an alert about two services is heard as long as either has called a person and is not done', async () => {
  const hale = await records();
  await hale.tell('Both', [shop, cart]);
  await hale.cycleOf(shop);
  const other = await hale.cycleOf(cart);
  expect((await hale.wishes()).sort()).toEqual(['Both cart', 'Both shop']);
  await hale.call(other, 'cart');
  expect(await hale.wishes()).toEqual([]);
  await hale.end(other, cart, 'escalated', true);
  expect(await hale.wishes()).toEqual([]);
  await hale.resume(cart);
  expect(await hale.wishes()).toEqual(['Both shop']);
});

test('an alert that has resolved since is not silenced; one that fires anew is', async () => {
  const hale = await records();
  await hale.tell('Down', [shop]);
  await hale.cycleOf(shop);
  expect(await hale.wishes()).toEqual(['Down shop']);
  await hale.tell('Down', [shop], { status: 'resolved' });
  expect(await hale.wishes()).toEqual([]);
  await hale.tell('Down', [shop], { startsAt: start + 1_000 });
  expect(await hale.wishes()).toEqual(['Down shop']);
});
