import { expect, test } from 'vitest';
import { paged } from '../../support/paged.js';
import { hangs, ok, receiver, status } from '../../support/receiver.js';

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
  hale.deliver(100);
  await slack.count(2);
  expect(await hale.settled('web/slack')).toMatchObject([{ state: 'sent', tries: 2 }]);
});

test('an error of the receiver is tried again; a message that it does not understand is not', async () => {
  const [slack, teams] = [await receiver((...all) => (all[2] === 1 ? status(500) : ok)(...all)), await receiver(status(400))];
  const hale = await paged('{slack: hook, teams: flow}', { hook: slack.url, flow: teams.url });
  await hale.call((await hale.open()).incident);
  hale.deliver();
  expect(await hale.settled('web/teams')).toMatchObject([{ state: 'refused', tries: 1, answer: 'answered 400: no' }]);
  await slack.count(2);
  expect((await hale.settled('web/slack'))[0]).toMatchObject({ state: 'sent', tries: 2 });
});
