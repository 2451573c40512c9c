// Alerts from everything that is not Alertmanager: a small JSON of hale's own, and CloudEvents.
import { expect, test } from 'vitest';
import { alertsToken, kept, webOn } from '../../support/intake.js';

const PATH = '/api/alerts/script';
const authorization = `Bearer ${alertsToken}`;
const EVENT = 'application/cloudevents+json';

test('a name and a service are enough', async () => {
  const { post, pool } = await webOn();
  const sent = { name: 'QueueFull', service: 'shop', severity: 'critical', summary: 'full', labels: { queue: 'mail' } };
  expect(await post(PATH, JSON.stringify(sent), { authorization })).toMatchObject({ status: 200, body: { kept: 1 } });
  expect(await kept(pool)).toMatchObject([
    {
      source: 'script',
      status: 'firing',
      labels: { alertname: 'QueueFull', service: 'shop', severity: 'critical', queue: 'mail' },
      annotations: { summary: 'full' },
    },
  ]);
});

test('with an id, or a start, a repetition is known; a list is taken whole', async () => {
  const { post, pool } = await webOn();
  const one = { name: 'QueueFull', service: 'shop', id: 'job-7' };
  const other = { name: 'QueueFull', service: 'shop', startsAt: '2026-11-28T08:00:00Z' };
  await post(PATH, JSON.stringify([one, other]), { authorization });
  expect((await post(PATH, JSON.stringify([one, other]), { authorization })).body).toMatchObject({ kept: 0, known: 2 });
  expect(await kept(pool)).toHaveLength(2);
});

test('what names nothing, or means something else, is refused', async () => {
  const { post } = await webOn();
  for (const bad of [{}, { service: 'shop' }, { name: 7 }, { name: 'x', id: 7 }, { name: 'x', labels: 'a' }, { name: 'x', service: {} }])
    expect((await post(PATH, JSON.stringify(bad), { authorization })).status).toBe(422);
});

test('a CloudEvent says the same in its body or in its headers, once', async () => {
  const { post, pool } = await webOn();
  const event = { specversion: '1.0', id: 'e-1', source: '/queue', type: 'io.example.full', subject: 'shop', time: '2026-11-28T08:00:00Z' };
  await post(PATH, JSON.stringify({ ...event, data: { severity: 'critical' } }), { authorization, 'content-type': EVENT });
  const headers = Object.fromEntries(Object.entries(event).map(([name, value]) => [`ce-${name}`, encodeURIComponent(value)]));
  expect((await post(PATH, '{"severity":"critical"}', { authorization, ...headers })).body).toMatchObject({ known: 1 });
  expect(await kept(pool)).toMatchObject([
    { labels: { alertname: 'io.example.full', service: 'shop', severity: 'critical' }, starts_at: new Date('2026-11-28T08:00:00Z') },
  ]);
});

test('an event of another version, without id, or with bytes for data is refused', async () => {
  const { post } = await webOn();
  const event = { specversion: '1.0', id: 'e-1', source: '/queue', type: 'x', data: {} };
  for (const bad of [{ specversion: '0.3' }, { id: '' }, { source: undefined }, { type: 7 }, { data_base64: 'AA==' }, { data: [] }])
    expect((await post(PATH, JSON.stringify({ ...event, ...bad }), { authorization, 'content-type': EVENT })).status).toBe(422);
});

test('whoever opens the address is told what is there, and all of that is there', async () => {
  const { url } = await webOn();
  const answer = await fetch(url);
  expect(answer.status).toBe(200);
  const { paths } = (await answer.json()) as { readonly paths: Readonly<Record<string, string>> };
  const statuses = Object.keys(paths).map(async (path) => {
    const [method = '', where = ''] = path.split(' ');
    return [path, (await fetch(`${url}${where.replace('SOURCE', 'script')}`, { method })).status];
  });
  expect(Object.fromEntries(await Promise.all(statuses))).toEqual({
    'GET /healthz': 200,
    'GET /metrics': 200,
    'POST /api/alerts/alertmanager/SOURCE': 401,
    'POST /api/alerts/SOURCE': 401,
    'POST /api/changes': 401,
  });
});
