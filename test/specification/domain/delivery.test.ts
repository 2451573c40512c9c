import { describe, expect, test } from 'vitest';
import type { Channel, ChannelName } from '../../../domain/channel.js';
import { concerned, type LedgerLine, nextMessage, PER_MINUTE, type Purpose, restMs } from '../../../domain/delivery.js';
import { outcomes } from '../../../domain/outcome.js';
import type { Fleet } from '../../../domain/service.js';

const secret = { env: 'X' };
const slack = (owner: string): Channel => ({ name: `${owner}/slack`, kind: 'slack', webhook: secret });
const grafana = (owner: string): Channel => ({ name: `${owner}/grafana`, kind: 'grafana', url: 'http://g', token: secret });
const pagerduty = (owner: string): Channel => ({ name: `${owner}/pagerduty`, kind: 'pagerduty', url: 'http://p', routingKey: secret });

const service = (name: string, team?: string) => ({ name, ...(team && { team }) });
const fleetWith = (others: readonly Channel[]): Fleet =>
  ({
    version: 'v1',
    environment: 'prod',
    services: [service('shop', 'web'), service('db', 'bare'), service('lonely')],
    paging: {
      teams: [
        { name: 'web', channels: [slack('web'), pagerduty('web'), grafana('web')] },
        { name: 'bare', channels: [] },
      ],
      others,
      links: {},
    },
    notYetActive: [],
  }) as unknown as Fleet;
const fleet = fleetWith([slack('*')]);

const line = (kind: string, data: LedgerLine['data'] = {}, of = 'shop'): LedgerLine => ({
  seq: 1,
  at: 0,
  kind,
  service: of,
  incident: 'inc-1',
  data,
});
const said = (one: LedgerLine, called: readonly ChannelName[] = [], whose = fleet): string[] =>
  concerned(one, whose, called).map(({ channel, purpose }) => `${purpose} ${channel}`);

describe('whom an event concerns', () => {
  test('a call goes to every channel of the team by which people are called', () => {
    expect(said(line('person.called', { why: 'ask' }))).toEqual(['call web/slack', 'call web/pagerduty']);
  });

  test('what needs nobody is told where it wakes nobody, and not followed by its end', () => {
    expect(said(line('person.called', { why: 'told' }))).toEqual(['told web/slack']);
  });

  test('without a team, or where a team has no channel, those for everybody else are called', () => {
    expect(said(line('person.called', {}, 'lonely'))).toEqual(['call */slack']);
    expect(said(line('person.called', {}, 'db'))).toEqual(['call */slack']);
    expect(said(line('person.called', {}, 'not configured any more'))).toEqual(['call */slack']);
  });

  test('what concerns the whole environment is said to everybody else, or to all teams where there is nobody else', () => {
    expect(said(line('person.called', { why: 'storm' }, '*'))).toEqual(['call */slack']);
    expect(said(line('person.called', { why: 'storm' }, '*'), [], fleetWith([]))).toEqual(['call web/slack', 'call web/pagerduty']);
  });

  test.each(outcomes)('the end %s of an incident is told where people were called, if they are not needed any more', (outcome) => {
    const over = ['healed', 'prevented', 'recoveredAlone', 'notConfirmed'].includes(outcome);
    expect(said(line('cycle.closed', { outcome }), ['web/slack'])).toEqual(['closed web/grafana', ...(over ? ['ended web/slack'] : [])]);
    expect(said(line('cycle.closed', { outcome }))).toEqual(['closed web/grafana']);
  });

  test('that a person decided or took over is told where people were called; a pause is not', () => {
    for (const verb of ['approve', 'reject', 'abort', 'takeOver'])
      expect(said(line('person.said', { verb }), ['web/slack'])).toEqual(['answered web/slack']);
    expect(said(line('person.said', { verb: 'pause' }), ['web/slack'])).toEqual([]);
    expect(said(line('hold.released'), ['web/slack'])).toEqual(['ended web/slack']);
    expect(said(line('storm.ended', {}, '*'), ['*/slack'])).toEqual(['ended */slack']);
    expect(said(line('symptom.ended'), ['web/slack'])).toEqual(['ended web/slack']);
  });

  test('that a channel fails is told by the others of the team, else by those for everybody else, never by itself', () => {
    expect(said(line('page.failed', { channel: 'web/slack' }))).toEqual(['channelFailed web/pagerduty']);
    expect(said(line('page.failed', { channel: 'x/slack' }, 'lonely'))).toEqual(['channelFailed */slack']);
    expect(said(line('page.failed', { channel: '*/slack' }, 'lonely'))).toEqual([]);
  });

  test('a test goes through every channel of the team that was named, Grafana too', () => {
    expect(said(line('page.test', { team: 'web' }, '*'))).toEqual(['test web/slack', 'test web/pagerduty', 'test web/grafana']);
    expect(said(line('page.test', {}, '*'))).toEqual(['test */slack']);
  });

  test('nothing else of the ledger concerns anybody', () => {
    for (const kind of ['gate.refuse', 'effect.applied', 'configuration.activated', 'hold.set'])
      expect(said(line(kind), ['web/slack'])).toEqual([]);
  });
});

describe('what is sent next', () => {
  const waiting = (count: number, purpose: Purpose = 'call') => Array.from({ length: count }, (_, number) => ({ number, purpose }));

  test('a few go one by one, in order; a flood is folded into one', () => {
    expect(nextMessage('slack', waiting(5), 0)).toEqual([{ number: 0, purpose: 'call' }]);
    expect(nextMessage('slack', waiting(6), 0)).toHaveLength(6);
    expect(nextMessage('slack', waiting(200), 0)).toHaveLength(200);
  });

  test('the last message of a minute says all the rest; after it nothing is sent', () => {
    expect(nextMessage('slack', waiting(2), PER_MINUTE.slack - 1)).toHaveLength(2);
    expect(nextMessage('slack', waiting(2), PER_MINUTE.slack)).toEqual([]);
  });

  test('at PagerDuty calls are folded and ends are not, since each ends an alert of its own', () => {
    expect(nextMessage('pagerduty', waiting(50), 0)).toHaveLength(50);
    expect(nextMessage('pagerduty', waiting(50, 'ended'), 0)).toHaveLength(1);
  });

  test('machines get every message', () => {
    expect(nextMessage('webhook', waiting(50), 0)).toHaveLength(1);
  });
});

test('a channel rests longer with each failure, up to a minute, and as long as the receiver says, up to five', () => {
  expect([1, 2, 3, 6, 7, 400].map((failures) => restMs(failures))).toEqual([1_000, 2_000, 4_000, 32_000, 60_000, 60_000]);
  expect([0, 30_000, 86_400_000].map((after) => restMs(1, after))).toEqual([1_000, 30_000, 300_000]);
});
