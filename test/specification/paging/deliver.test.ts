import { expect, test } from 'vitest';
import type { Notifier } from '../../../activities/ports.js';
import { paged, type Paged } from '../../support/paged.js';
import { hangs, ok, receiver, status } from '../../support/receiver.js';
import { collectingMeanwhile } from '../../../testing/garbage.js';

test('a call goes once through each channel of the team, and its end to those that called', async () => {
  const [slack, pagerduty] = [await receiver(), await receiver()];
  const hale = await paged(
    '{slack: hook, pagerduty: {source: pd, key: routing}}',
    { hook: `${slack.url}/T1/B1/x`, routing: 'R1' },
    `sources: {pd: {pagerduty: '${pagerduty.url}'}}`,
  );
  const { incident, cycle } = await hale.open();
  await hale.call(incident);
  hale.deliver();
  await Promise.all([slack.count(1), pagerduty.count(1)]);
  await hale.ports.incidents.close({ key: 'closed', incident, cycle, service: 'shop', outcome: 'healed', sentence: 'restart held' });
  await Promise.all([slack.count(2), pagerduty.count(2)]);
  const sent = [
    { purpose: 'call', state: 'sent', tries: 1 },
    { purpose: 'ended', state: 'sent', tries: 1 },
  ];
  expect(await hale.settled('web/slack')).toMatchObject(sent);
  expect(await hale.settled('web/pagerduty')).toMatchObject(sent);
  expect(pagerduty.bodies()).toMatchObject([
    { routing_key: 'R1', event_action: 'trigger', dedup_key: `hale/prod/${incident}` },
    { routing_key: 'R1', event_action: 'resolve', dedup_key: `hale/prod/${incident}` },
  ]);
});

const found = (hale: Paged, kind: 'opened' | 'closed', objective: string, isLast = false) =>
  hale.ports.incidents.note({ key: `${objective}/${kind}`, kind: `finding.${kind}`, service: 'shop', data: { objective, isLast } });

test('what hale refused to correct is over for PagerDuty when the last finding of its service closes, and no sooner', async () => {
  const pagerduty = await receiver();
  const hale = await paged('{pagerduty: {source: pd, key: routing}}', { routing: 'R1' }, `sources: {pd: {pagerduty: '${pagerduty.url}'}}`);
  const { incident, cycle } = await hale.open();
  await found(hale, 'opened', 'up');
  await found(hale, 'opened', 'quick');
  await hale.call(incident, { why: 'suggestion', sentence: 'restart it' });
  await hale.ports.incidents.close({ key: 'closed', incident, cycle, service: 'shop', outcome: 'refused', sentence: 'only suggested' });
  await found(hale, 'closed', 'up');
  hale.deliver();
  expect(await hale.settled('web/pagerduty')).toMatchObject([{ purpose: 'call' }]);
  await found(hale, 'closed', 'quick', true);
  await pagerduty.count(2);
  expect(pagerduty.bodies()).toMatchObject([
    { event_action: 'trigger', dedup_key: `hale/prod/${incident}` },
    { event_action: 'resolve', dedup_key: `hale/prod/${incident}` },
  ]);
});

test('a refusal that comes after the last finding has closed is over at once; one with a newer finding is not', async () => {
  const slack = await receiver();
  const hale = await paged('{slack: hook}', { hook: slack.url });
  const refusedAfter = async (key: string, ...findings: (() => Promise<void>)[]) => {
    const { incident, cycle } = await hale.open();
    await hale.call(incident);
    for (const finding of findings) await finding();
    await hale.ports.incidents.close({ key, incident, cycle, service: 'shop', outcome: 'refused', sentence: '' });
  };
  await refusedAfter(
    'one',
    () => found(hale, 'closed', 'a', true),
    () => found(hale, 'opened', 'b'),
  );
  await refusedAfter('two');
  hale.deliver();
  expect((await hale.settled('web/slack')).map(({ purpose }) => purpose)).toEqual(['call', 'call']);
  await refusedAfter('three', () => found(hale, 'closed', 'b', true));
  await slack.count(6);
  expect((await hale.settled('web/slack')).map(({ purpose }) => purpose)).toEqual(['call', 'call', 'call', 'ended', 'ended', 'ended']);
});

test.each([
  ['', 'http://127.0.0.1:8233/namespaces/default/workflows/heal%2Fshop%2F-'],
  ["links: {temporal: 'https://t.example/namespaces/prod'}", 'https://t.example/namespaces/prod/workflows/heal%2Fshop%2F-'],
])('without a configured link a message leads to the Temporal that hale itself runs: %j', async (configuredLinks, link) => {
  const slack = await receiver();
  const hale = await paged('{slack: hook}', { hook: slack.url }, configuredLinks);
  await hale.call((await hale.open()).incident);
  hale.deliver(undefined, undefined, { temporal: 'http://127.0.0.1:8233/namespaces/default' });
  await slack.count(1);
  expect(JSON.stringify(slack.bodies()[0])).toContain(link);
});

test('a channel by which nobody could be called does not tell the end', async () => {
  const [slack, teams] = [await receiver(status(400)), await receiver()];
  const hale = await paged('{slack: hook, teams: flow}', { hook: slack.url, flow: teams.url });
  const { incident, cycle } = await hale.open();
  await hale.call(incident);
  hale.deliver();
  await hale.settled('web/slack');
  await hale.ports.incidents.close({ key: 'closed', incident, cycle, service: 'shop', outcome: 'healed', sentence: 'restart held' });
  await teams.count(3); // The call, that Slack fails, and the end.
  expect(await hale.settled('web/slack')).toMatchObject([{ purpose: 'call', state: 'refused' }]);
});

test('a notifier that does not even give up when called off is left behind', async () => {
  const hale = await paged('{slack: hook}', { hook: 'http://127.0.0.1:9' });
  await hale.call((await hale.open()).incident);
  const deaf: Notifier<'slack'> = { send: () => new Promise(() => undefined) };
  hale.deliver(50, deaf);
  await hale.until(async () => (await hale.channel('web/slack')).failures === 1);
});

test('an incident that nobody was called about ends without a word', async () => {
  const slack = await receiver();
  const hale = await paged('{slack: hook}', { hook: slack.url });
  const { incident, cycle } = await hale.open();
  await hale.ports.incidents.close({ key: 'closed', incident, cycle, service: 'shop', outcome: 'healed', sentence: 'restart held' });
  hale.deliver();
  expect(await hale.settled('web/slack')).toEqual([]);
  expect(slack.received).toEqual([]);
});

test('a receiver that hangs holds up its own messages and nothing else', async () => {
  const [slack, teams] = [await receiver(hangs), await receiver()];
  const hale = await paged('{slack: hook, teams: flow}', { hook: slack.url, flow: teams.url });
  const { incident } = await hale.open();
  await hale.call(incident);
  hale.deliver(60_000);
  await slack.count(1);
  await hale.call(incident);
  await teams.count(2);
  expect(slack.received).toHaveLength(1);
});

test('a try without an answer is given up in time and made again', async () => {
  const slack = await receiver((request, response, number) => (number === 1 ? hangs : ok)(request, response, number));
  const hale = await paged('{slack: hook}', { hook: slack.url });
  await hale.call((await hale.open()).incident);
  hale.deliver(1_000);
  await collectingMeanwhile(slack.count(2));
  expect(await hale.settled('web/slack')).toMatchObject([{ state: 'sent', tries: 2 }]);
});

test('an error of the receiver is tried again; a message that it does not understand is not', async () => {
  const [slack, teams] = [await receiver((...all) => (all[2] === 1 ? status(500) : ok)(...all)), await receiver(status(400))];
  const hale = await paged('{slack: hook, teams: flow}', { hook: slack.url, flow: teams.url });
  await hale.call((await hale.open()).incident);
  hale.deliver();
  expect((await hale.settled('web/teams'))[0]).toMatchObject({ state: 'refused', tries: 1, answer: 'answered 400: no' });
  await slack.count(2);
  expect((await hale.settled('web/slack'))[0]).toMatchObject({ state: 'sent', tries: 2 });
});

test('a receiver that asks for patience gets it, and nothing is sent before its time', async () => {
  const slack = await receiver((...all) => (all[2] === 1 ? status(429, { 'retry-after': '600' }) : ok)(...all));
  const hale = await paged('{slack: hook}', { hook: slack.url });
  await hale.call((await hale.open()).incident);
  hale.deliver();
  await slack.count(1);
  await hale.settled('web/slack', ['waiting']);
  await hale.until(async () => (await hale.channel('web/slack')).failures === 1);
  expect((await hale.channel('web/slack')).restsMs).toBeGreaterThan(290_000);
  expect(await hale.deliveries.take(1_000)).toBeUndefined();
});

test('a flood is one message that says how many', async () => {
  const slack = await receiver();
  const hale = await paged('{slack: hook}', { hook: slack.url });
  const { incident } = await hale.open();
  for (let call = 0; call < 50; call += 1) await hale.call(incident);
  hale.deliver();
  const states = (await hale.settled('web/slack')).map(({ state }) => state);
  expect(states.filter((state) => state === 'folded')).toHaveLength(49);
  expect(slack.bodies()).toMatchObject([{ text: expect.stringContaining('50 messages at once: 50 calls for a person') }]);
});

test('several workers send each message once, and one after the other', async () => {
  let atOnce = 0;
  let most = 0;
  const machine = await receiver((_, response) => {
    most = Math.max(most, (atOnce += 1));
    setTimeout(() => {
      atOnce -= 1;
      response.end();
    }, 5);
  });
  const hale = await paged(`{webhook: {url: '${machine.url}', secret: hush}}`, { hush: 'x' });
  const { incident } = await hale.open();
  for (let call = 0; call < 20; call += 1) await hale.call(incident);
  for (let worker = 0; worker < 4; worker += 1) hale.deliver();
  expect(await hale.settled('web/webhook')).toHaveLength(20);
  const ids = machine.received.map(({ headers }) => Number(headers['webhook-id']));
  expect(ids).toEqual([...new Set(ids)].toSorted((one, other) => one - other));
  expect(most).toBe(1);
});

test('a worker that dies between sending and recording sends again under the same key', async () => {
  const pagerduty = await receiver();
  const hale = await paged('{pagerduty: {source: pd, key: routing}}', { routing: 'R1' }, `sources: {pd: {pagerduty: '${pagerduty.url}'}}`);
  await hale.call((await hale.open()).incident);
  await hale.dieAfterSending();
  await hale.leaseEnds('web/pagerduty');
  hale.deliver();
  expect(await hale.settled('web/pagerduty')).toMatchObject([{ state: 'sent', tries: 1 }]);
  const keys = pagerduty.bodies().map((body) => (body as { dedup_key: string }).dedup_key);
  expect(keys).toHaveLength(2);
  expect(new Set(keys).size).toBe(1);
});

test('while a worker has the turn of a channel, no other takes it', async () => {
  const slack = await receiver();
  const hale = await paged('{slack: hook}', { hook: slack.url });
  await hale.call((await hale.open()).incident);
  await hale.dieAfterSending();
  expect(await hale.deliveries.take(1_000)).toBeUndefined();
});

test('a channel that fails is announced once, to the ledger and to the other channels of the team', async () => {
  const [slack, teams] = [await receiver(status(400)), await receiver()];
  const hale = await paged('{slack: hook, teams: flow}', { hook: slack.url, flow: teams.url });
  const { incident } = await hale.open();
  await hale.call(incident);
  await hale.call(incident);
  hale.deliver();
  await teams.count(3);
  await hale.settled('web/slack');
  await hale.settled('web/teams');
  const { rows } = await hale.pool.query("select body::jsonb->'data' as data from events where body::jsonb->>'kind' = 'page.failed'");
  expect(rows).toEqual([{ data: { channel: 'web/slack', sentence: 'answered 400: no' } }]);
  expect(teams.received.filter(({ text }) => text.includes("people can't be called by web/slack"))).toHaveLength(1);
  expect(await hale.records.failingChannels()).toMatchObject([{ channel: 'web/slack', why: 'answered 400: no', failures: 2 }]);
});

test('a channel that works again is named no more', async () => {
  const slack = await receiver((...all) => (all[2] === 1 ? status(400) : ok)(...all));
  const hale = await paged('{slack: hook}', { hook: slack.url });
  const { incident } = await hale.open();
  await hale.call(incident);
  hale.deliver();
  await hale.until(async () => (await hale.records.failingChannels()).length === 1);
  await hale.call(incident);
  await slack.count(2);
  await hale.until(async () => (await hale.records.failingChannels()).length === 0);
});

test('a secret that is not there holds the message until it is', async () => {
  const slack = await receiver();
  const hale = await paged('{slack: hook}', { hook: '' });
  await hale.call((await hale.open()).incident);
  hale.deliver();
  await hale.until(async () => (await hale.channel('web/slack')).failures === 1);
  await hale.write('hook', slack.url);
  expect(await hale.settled('web/slack')).toMatchObject([{ state: 'sent', tries: 2 }]);
});

test('what nobody took for an hour is given up', async () => {
  const slack = await receiver(status(503));
  const hale = await paged('{slack: hook}', { hook: slack.url });
  await hale.call((await hale.open()).incident);
  const end = hale.deliver();
  await slack.count(1);
  await end();
  await hale.pool.query("update deliveries set assigned_at = assigned_at - interval '61 minutes'");
  await hale.pool.query("update channels set rest_until = '-infinity'");
  hale.deliver();
  expect(await hale.settled('web/slack')).toMatchObject([{ state: 'failed', answer: 'answered 503: no' }]);
});

test('a channel that was taken away holds nothing back for ever', async () => {
  const slack = await receiver();
  const hale = await paged('{slack: hook}', { hook: slack.url });
  await hale.call((await hale.open()).incident);
  await hale.deliveries.assign(() => [{ channel: 'gone/slack', purpose: 'call' }]);
  hale.deliver();
  for (const { state, answer } of await hale.settled('gone/slack'))
    expect([state, answer]).toEqual(['gone', 'no such channel is configured any more']);
  expect(await hale.records.failingChannels()).toEqual([]);
});

test('nobody is called about what was in the ledger before there were channels', async () => {
  const slack = await receiver();
  const hale = await paged('{slack: hook}', { hook: slack.url });
  const { incident } = await hale.open();
  await hale.call(incident);
  await hale.pool.query('update deliveries_head set seq = (select seq from ledger_head)');
  await hale.call(incident);
  hale.deliver();
  expect(await hale.settled('web/slack')).toHaveLength(1);
});

test('a test goes out at once although the channel rests, and is tried once', async () => {
  const slack = await receiver(status(503));
  const hale = await paged('{slack: hook}', { hook: slack.url });
  await hale.call((await hale.open()).incident);
  hale.deliver();
  await slack.count(1);
  const event = await hale.switches.testPage('web', { by: 'ada', key: 'order/1' });
  await hale.until(async () => (await hale.records.deliveries(event))?.every(({ state }) => state === 'failed') === true);
  expect(await hale.records.deliveries(event)).toEqual([{ channel: 'web/slack', state: 'failed', tries: 1, answer: 'answered 503: no' }]);
});
