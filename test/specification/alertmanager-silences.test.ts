// Reads silences of a real Alertmanager.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { alertmanagerSilences } from '../../adapters/alertmanager/silences.js';
import { startAlertmanager, type DebianServer } from '../support/debian-prometheus.js';
import { serve } from '../support/listen.js';

let server: DebianServer;
beforeAll(
  async () => void (server = await startAlertmanager({ config: 'route: {receiver: nobody}\nreceivers: [{name: nobody}]\n' })),
  30_000,
);
afterAll(() => server.stop());

const until = Math.ceil(Date.now() / 60_000) * 60_000 + 3_600_000;
const about = (service: string, url = server.url) => alertmanagerSilences().about({ name: 'am', url }, service);

async function silence(matchers: readonly Record<string, unknown>[], createdBy = 'eve', startsAt = Date.now()): Promise<void> {
  const body = {
    matchers,
    startsAt: new Date(startsAt).toISOString(),
    endsAt: new Date(until).toISOString(),
    createdBy,
    comment: 'disk swap',
  };
  const answer = await fetch(`${server.url}/api/v2/silences`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(200);
}
const matcher = (value: string, more: Record<string, unknown> = {}) => ({ name: 'service', value, isRegex: false, isEqual: true, ...more });

test('a silence in force that names the service is told with who set it, until when and why', async () => {
  await silence([matcher('shop'), { name: 'alertname', value: 'Down', isRegex: false, isEqual: true }]);
  expect(await about('shop')).toEqual({ kind: 'silenced', by: 'eve', until, comment: 'disk swap' });
  expect(await about('cart')).toEqual({ kind: 'none' });
});

test('the label that names the service is the one that the source says', async () => {
  await silence([matcher('search', { name: 'job' })]);
  const byJob = { name: 'am', url: server.url, serviceLabel: 'job' };
  expect(await alertmanagerSilences().about(byJob, 'search')).toMatchObject({ kind: 'silenced', by: 'eve' });
  expect(await about('search')).toEqual({ kind: 'none' });
  expect(await alertmanagerSilences().about(byJob, 'shop')).toEqual({ kind: 'none' });
});

test('a pattern has to fit the whole name, as in Alertmanager', async () => {
  await silence([matcher('pay-.*|mail', { isRegex: true })]);
  expect(await about('pay-api')).toMatchObject({ kind: 'silenced' });
  expect(await about('mail')).toMatchObject({ kind: 'silenced' });
  expect(await about('mailer')).toEqual({ kind: 'none' });
});

test('what is for every service but some, not yet in force, or set by hale itself, says nothing about this one', async () => {
  await silence([matcher('other', { isEqual: false })]);
  await silence([matcher('later')], 'eve', Date.now() + 600_000);
  await silence([matcher('own')], 'hale');
  for (const service of ['anything', 'later', 'own']) expect(await about(service)).toEqual({ kind: 'none' });
});

test('an Alertmanager that is away, refuses or talks nonsense is told, and is no silence', async () => {
  const nonsense = await serve((_, response) => void response.end('<html>'));
  const refusing = await serve((_, response) => void response.writeHead(503).end());
  expect(await about('shop', 'http://127.0.0.1:9')).toMatchObject({
    kind: 'unknown',
    why: expect.stringContaining("Alertmanager am can't be asked"),
  });
  expect(await about('shop', refusing)).toMatchObject({ kind: 'unknown', why: expect.stringContaining('it answered 503') });
  expect(await about('shop', nonsense)).toMatchObject({ kind: 'unknown' });
});
