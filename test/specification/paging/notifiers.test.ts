import { createHmac } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { grafanaNotifier } from '../../../adapters/notify/grafana.js';
import { pagerdutyNotifier } from '../../../adapters/notify/pagerduty.js';
import { slackNotifier } from '../../../adapters/notify/slack.js';
import { teamsNotifier } from '../../../adapters/notify/teams.js';
import { webhookNotifier } from '../../../adapters/notify/webhook.js';
import type { Page } from '../../../domain/page.js';
import { freshFolder } from '../../support/knob.js';
import { leaksIn } from '../../support/acceptance/leaks.js';
import { type Answering, receiver, status } from '../../support/receiver.js';

const page = (more: Partial<Page> = {}): Page => ({
  id: '7',
  purpose: 'call',
  thread: 'hale/prod/inc-12',
  severity: 'critical',
  environment: 'prod',
  service: 'checkout',
  team: 'payments',
  incident: 'inc-12',
  why: 'escalated',
  at: Date.UTC(2026, 10, 28, 12),
  title: '[prod] checkout is broken',
  facts: [{ label: 'Why', text: 'said <!channel> & *bold* [link](http://evil) `code`' }],
  next: ['hale resume checkout'],
  link: 'https://hale.example/incidents/inc-12',
  ...more,
});

const abort = new AbortController().signal;

async function secret(text: string): Promise<{ readonly file: string }> {
  const file = join(await freshFolder(), 'secret');
  await writeFile(file, `${text}\n`);
  return { file };
}

test('Slack gets blocks, and the same as text; what services say can call nobody and link nowhere', async () => {
  const slack = await receiver();
  const webhook = await secret(`${slack.url}/services/T/B/x`);
  expect(await slackNotifier().send({ name: 'web/slack', kind: 'slack', webhook }, page(), abort)).toMatchObject({ kind: 'sent' });
  expect(slack.received[0]).toMatchObject({
    method: 'POST',
    path: '/services/T/B/x',
    headers: { 'content-type': 'application/json; charset=utf-8' },
  });
  const said = 'said &lt;!channel&gt; &amp; *bold* [link](http://evil) `code`';
  expect(slack.bodies()).toEqual([
    {
      text: `[prod] checkout is broken\nWhy: ${said}\nhale resume checkout`,
      unfurl_links: false,
      blocks: [
        { type: 'header', text: { type: 'plain_text', text: '[prod] checkout is broken', emoji: false } },
        { type: 'section', text: { type: 'mrkdwn', text: `*Why:* ${said}` } },
        { type: 'section', text: { type: 'mrkdwn', text: '```hale resume checkout```' } },
        { type: 'section', text: { type: 'mrkdwn', text: '<https://hale.example/incidents/inc-12|Open the incident>' } },
      ],
    },
  ]);
});

test('Teams gets an Adaptive Card in the envelope of Workflows, of text runs alone, which know no markdown', async () => {
  const teams = await receiver(status(202));
  const webhook = await secret(teams.url);
  expect(await teamsNotifier().send({ name: 'web/teams', kind: 'teams', webhook }, page(), abort)).toMatchObject({ kind: 'sent' });
  const runs = (...inlines: object[]) => ({ type: 'RichTextBlock', inlines: inlines.map((run) => ({ type: 'TextRun', ...run })) });
  expect(teams.bodies()).toEqual([
    {
      type: 'message',
      attachments: [
        {
          contentType: 'application/vnd.microsoft.card.adaptive',
          contentUrl: null,
          content: {
            $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
            type: 'AdaptiveCard',
            version: '1.4',
            msteams: { width: 'Full' },
            body: [
              runs({ text: '[prod] checkout is broken', weight: 'Bolder', size: 'Medium', color: 'Attention' }),
              runs({ text: 'Why: ', weight: 'Bolder' }, { text: 'said <!channel> & *bold* [link](http://evil) `code`' }),
              runs({ text: 'hale resume checkout', fontType: 'Monospace' }),
            ],
            actions: [{ type: 'Action.OpenUrl', title: 'Open the incident', url: 'https://hale.example/incidents/inc-12' }],
          },
        },
      ],
    },
  ]);
});

test('PagerDuty is triggered, acknowledged and resolved under one key; details say what the page says', async () => {
  const pagerduty = await receiver(status(202));
  const channel = { name: 'web/pagerduty', kind: 'pagerduty', url: pagerduty.url, routingKey: await secret('R1') } as const;
  for (const purpose of ['call', 'answered', 'ended'] as const) await pagerdutyNotifier().send(channel, page({ purpose }), abort);
  expect(pagerduty.received.map(({ path }) => path)).toEqual(['/v2/enqueue', '/v2/enqueue', '/v2/enqueue']);
  const about = { routing_key: 'R1', dedup_key: 'hale/prod/inc-12' };
  expect(pagerduty.bodies()).toEqual([
    {
      ...about,
      event_action: 'trigger',
      payload: {
        summary: '[prod] checkout is broken',
        source: 'checkout',
        severity: 'critical',
        timestamp: '2026-11-28T12:00:00.000Z',
        component: 'checkout',
        group: 'payments',
        class: 'escalated',
        custom_details: { Why: 'said <!channel> & *bold* [link](http://evil) `code`', Next: ['hale resume checkout'] },
      },
      client: 'hale',
      client_url: 'https://hale.example/incidents/inc-12',
      links: [{ href: 'https://hale.example/incidents/inc-12', text: 'Open the incident' }],
    },
    { ...about, event_action: 'acknowledge' },
    { ...about, event_action: 'resolve' },
  ]);
});

test('a test at PagerDuty is over as soon as it arrived', async () => {
  const pagerduty = await receiver(status(202));
  const channel = { name: 'web/pagerduty', kind: 'pagerduty', url: pagerduty.url, routingKey: await secret('R1') } as const;
  await pagerdutyNotifier().send(channel, page({ purpose: 'test', thread: 'hale/prod/page.test/7' }), abort);
  expect(pagerduty.bodies()).toMatchObject([
    { event_action: 'trigger', dedup_key: 'hale/prod/page.test/7' },
    { event_action: 'resolve', dedup_key: 'hale/prod/page.test/7' },
  ]);
});

test('a key for PagerDuty is never longer than it takes', async () => {
  const pagerduty = await receiver(status(202));
  const channel = { name: 'web/pagerduty', kind: 'pagerduty', url: pagerduty.url, routingKey: await secret('R1') } as const;
  await pagerdutyNotifier().send(channel, page({ thread: 'x'.repeat(400) }), abort);
  expect((pagerduty.bodies()[0] as { dedup_key: string }).dedup_key).toHaveLength(255);
});

test.each([
  ['a word', 'hush', Buffer.from('hush')],
  ['a key as Standard Webhooks writes it', `whsec_${Buffer.from('key').toString('base64')}`, Buffer.from('key')],
])('the webhook is signed by %s, over its id, its time and its body, and named as a CloudEvent', async (_, text, key) => {
  const machine = await receiver();
  const channel = { name: 'web/webhook', kind: 'webhook', url: `${machine.url}/in`, secret: await secret(text) } as const;
  await webhookNotifier(() => 1_764_331_200_999).send(channel, page(), abort);
  const [{ headers, text: body } = { headers: {}, text: '' }] = machine.received;
  expect(headers).toMatchObject({
    'content-type': 'application/json; charset=utf-8',
    'webhook-id': '7',
    'webhook-timestamp': '1764331200',
    'webhook-signature': `v1,${createHmac('sha256', key).update(`7.1764331200.${body}`).digest('base64')}`,
    'ce-specversion': '1.0',
    'ce-id': '7',
    'ce-source': '/hale/prod',
    'ce-type': 'io.hale.page.call.v1',
    'ce-time': '2026-11-28T12:00:00.000Z',
    'ce-subject': 'checkout',
  });
  expect(JSON.parse(body)).toEqual({
    schemaVersion: 1,
    id: '7',
    purpose: 'call',
    severity: 'critical',
    environment: 'prod',
    service: 'checkout',
    team: 'payments',
    incident: 'inc-12',
    why: 'escalated',
    at: '2026-11-28T12:00:00.000Z',
    title: '[prod] checkout is broken',
    facts: [{ label: 'Why', text: 'said <!channel> & *bold* [link](http://evil) `code`' }],
    next: ['hale resume checkout'],
    link: 'https://hale.example/incidents/inc-12',
  });
});

test('Grafana gets one region for a cycle, also when its beginning is sent twice, and its end closes it', async () => {
  const stored: Record<string, unknown>[] = [];
  const api: Answering = ({ method, path, text }, response) => {
    const json = (value: unknown) => void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (method === 'GET') {
      const tag = new URL(path, 'http://x').searchParams.get('tags') ?? '';
      return json(stored.filter((one) => (one['tags'] as string[]).includes(tag)));
    }
    const body = JSON.parse(text) as Record<string, unknown>;
    if (method === 'POST') return json(stored.push({ id: stored.length + 1, ...body }));
    const one = stored.find(({ id }) => path === `/api/annotations/${String(id)}`);
    if (one === undefined) return void response.writeHead(404).end();
    return json(Object.assign(one, body));
  };
  const grafana = await receiver(api);
  const channel = { name: 'web/grafana', kind: 'grafana', url: grafana.url, token: await secret('T1') } as const;
  const begin = page({ purpose: 'opened', cycle: 'c1', at: 1_000, title: 'began', facts: [] });
  const send = (one: Page) => grafanaNotifier().send(channel, one, abort);
  await send(begin);
  await send(begin);
  expect(await send(page({ purpose: 'closed', cycle: 'c1', at: 61_000, title: 'healed' }))).toMatchObject({ kind: 'sent' });
  expect(stored).toEqual([
    {
      id: 1,
      time: 1_000,
      timeEnd: 61_000,
      tags: ['hale', 'prod', 'checkout', 'hale-cycle:c1', 'inc-12'],
      text:
        'healed<br>Why: said &lt;!channel&gt; &amp; *bold* [link](http://evil) `code`' +
        '<br><a href="https://hale.example/incidents/inc-12">Open the incident</a>',
    },
  ]);
  expect(grafana.received[0]?.headers).toMatchObject({ authorization: 'Bearer T1' });
});

test('what an answer means: mended things are tried again, a message that is not understood is not', async () => {
  const kinds = async (code: number, headers = {}) => {
    const slack = await receiver(status(code, headers));
    return slackNotifier().send({ name: 'web/slack', kind: 'slack', webhook: await secret(slack.url) }, page(), abort);
  };
  for (const code of [401, 403, 404, 408, 410, 429, 500, 503])
    expect(await kinds(code)).toMatchObject({ kind: 'later', why: `answered ${code}: no` });
  for (const code of [302, 400, 413, 422]) expect(await kinds(code)).toMatchObject({ kind: 'refused' });
  expect(await kinds(429, { 'retry-after': '30' })).toMatchObject({ kind: 'later', afterMs: 30_000 });
  const date = new Date(Date.now() + 60_000).toUTCString();
  expect(((await kinds(503, { 'retry-after': date })) as { afterMs: number }).afterMs).toBeGreaterThan(50_000);
});

test('a redirect is not followed: it would take the message, and its secret, elsewhere', async () => {
  const elsewhere = await receiver();
  const slack = await receiver(status(307, { location: elsewhere.url }));
  const sent = await slackNotifier().send({ name: 'web/slack', kind: 'slack', webhook: await secret(slack.url) }, page(), abort);
  expect(sent).toMatchObject({ kind: 'refused' });
  expect(elsewhere.received).toEqual([]);
});

test('no failure says anything of a secret', async () => {
  const say = async (webhook: { file: string } | { env: string }) =>
    JSON.stringify(await slackNotifier().send({ name: 'web/slack', kind: 'slack', webhook }, page(), abort));
  expect(await say(await secret('hooks.slack.com/T/B/hush'))).not.toContain('hush');
  expect(await say(await secret('http://127.0.0.1:9/hush'))).not.toContain('hush');
  expect(await say({ env: 'NOT_SET_ANYWHERE' })).toContain('NOT_SET_ANYWHERE');
});

test('an answer that repeats what was sent tells no secret', async () => {
  const repeating: Answering = ({ path, headers, text }, response) =>
    void response
      .writeHead(500)
      .end(`${path} ${headers.authorization ?? ''} ${Buffer.from(text).toString('base64').slice(0, 90)} ${text.slice(0, 60)}`);
  const { url } = await receiver(repeating);
  const key = 'hush-R1dV8qTz';
  const hush = await secret(key);
  const webhook = await secret(`${url}/services/T/B/${key}`);
  const answers = [
    await slackNotifier().send({ name: 'web/slack', kind: 'slack', webhook }, page(), abort),
    await teamsNotifier().send({ name: 'web/teams', kind: 'teams', webhook }, page(), abort),
    await pagerdutyNotifier().send({ name: 'web/pagerduty', kind: 'pagerduty', url, routingKey: hush }, page(), abort),
    await grafanaNotifier().send({ name: 'web/grafana', kind: 'grafana', url, token: hush }, page(), abort),
    await webhookNotifier().send({ name: 'web/webhook', kind: 'webhook', url, secret: hush }, page({ title: key }), abort),
  ];
  for (const answer of answers) expect(answer).toMatchObject({ kind: 'later', why: expect.stringMatching('^answered 500: ') });
  expect(leaksIn('answers', Buffer.from(JSON.stringify(answers)), { key })).toEqual([]);
  expect(JSON.stringify(answers.slice(0, 4)).split('(secret)').length).toBeGreaterThanOrEqual(5);
});

test('an answer without end is read no further than its beginning', async () => {
  const slack = await receiver((_, response) => {
    response.writeHead(500);
    const more = () => void response.write('x'.repeat(64_000), () => !response.destroyed && setImmediate(more));
    more();
  });
  const sent = await slackNotifier().send({ name: 'web/slack', kind: 'slack', webhook: await secret(slack.url) }, page(), abort);
  expect(sent).toMatchObject({ kind: 'later', why: `answered 500: ${'x'.repeat(200)}` });
});
