import { describe, expect, test } from 'vitest';
import { explain } from '../../../contracts/configuration/explain.js';
import { problemText } from '../../../contracts/configuration/problem.js';
import { check, complaints } from '../../support/configuration.js';

const file = (parts: { page?: string; sources?: string; policy?: string; service?: string; links?: string }): string => `apiVersion: hale/v1
secrets: {hook: {env: HOOK}, key: {env: KEY}}
sources: {${parts.sources ?? ''}}
teams: {web: {page: {${parts.page ?? ''}}}}
policy: {${parts.policy ?? ''}}
links: {${parts.links ?? ''}}
services:
  shop: {${parts.service ?? 'team: web'}, signals: {up: {http: 'http://a/'}}, objectives: {up: {above: 0}}}
`;

const env = { HOOK: 'https://hooks/x', KEY: 'k' };

async function paging(parts: Parameters<typeof file>[0]) {
  const checked = await check({ 'hale.yaml': file(parts) }, env);
  if (checked.kind === 'refused') throw new Error(checked.errors.map(problemText).join('\n'));
  return { ...checked.fleet.paging, silence: checked.fleet.policy?.silence, warnings: checked.warnings.map(problemText) };
}

const hook = { env: 'HOOK' };
const key = { env: 'KEY' };

describe('what the file says is what is called', () => {
  test.each([
    ['slack: hook', '', { kind: 'slack', webhook: hook }],
    ['teams: hook', '', { kind: 'teams', webhook: hook }],
    ['pagerduty: key', '', { kind: 'pagerduty', url: 'https://events.pagerduty.com', routingKey: key }],
    [
      'pagerduty: {source: eu, key: key}',
      "eu: {pagerduty: 'https://events.eu.pagerduty.com/'}",
      { kind: 'pagerduty', url: 'https://events.eu.pagerduty.com', routingKey: key },
    ],
    ["webhook: {url: 'https://in/', secret: key}", '', { kind: 'webhook', url: 'https://in/', secret: key }],
    ['grafana: {source: g}', "g: {grafana: 'https://graf/', token: key}", { kind: 'grafana', url: 'https://graf', token: key }],
    [
      'email: [ada@example.com]',
      "m: {smtp: 'smtp://mail', from: hale@example.com}",
      {
        kind: 'email',
        to: ['ada@example.com'],
        server: { host: 'mail', port: 587, tls: false, from: 'hale@example.com', user: 'hale@example.com' },
      },
    ],
    [
      'email: {source: b, to: [ada@example.com]}',
      "a: {smtp: 'smtp://x', from: h@e.com}, b: {smtp: 'smtps://[::1]', from: h@e.com, user: u, password: key}",
      { kind: 'email', to: ['ada@example.com'], server: { host: '::1', port: 465, tls: true, from: 'h@e.com', user: 'u', password: key } },
    ],
  ])('%s', async (page, sources, channel) => {
    const [kind] = page.split(':');
    expect(await paging({ page, sources })).toMatchObject({
      teams: [{ name: 'web', channels: [{ name: `web/${kind}`, ...channel }] }],
      others: [],
    });
  });

  test('the channels of the policy are for everybody else, and links lose their last slash', async () => {
    const found = await paging({ policy: 'page: {slack: hook}', links: "page: 'https://hale/', temporal: 'https://t/namespaces/x/'" });
    expect(found).toMatchObject({ others: [{ name: '*/slack' }], links: { page: 'https://hale', temporal: 'https://t/namespaces/x' } });
  });
});

describe('what can not be used is refused with what is allowed', () => {
  test.each([
    ['page: {slack: https://hooks.slack.com/T/B/hush}', 'teams.web.page.slack: is no name of an entry of secrets (not shown'],
    ['page: {irc: hook}', 'teams.web.page.irc: unknown key "irc"'],
    ['page: {email: [ada]}', 'teams.web.page.email[0]: is "ada"; allowed: an e-mail address, such as oncall@example.com'],
    ['page: {email: []}', 'at least one address: an empty list reaches nobody'],
    ['page: {email: [ada@example.com]}', 'does not say by which mail server'],
    ['page: {pagerduty: {source: pd, key: key}}', 'teams.web.page.pagerduty.source: unknown source "pd"'],
    ['page: {grafana: {source: pd}}', 'unknown source "pd"'],
    ["page: {webhook: {url: 'ftp://x', secret: key}}", 'allowed: an http or https URL'],
    ["page: {webhook: {url: 'https://x'}}", 'teams.web.page.webhook.secret: is missing'],
  ])('%s', async (line, says) => {
    const said = await complaints(file({ page: line.slice('page: {'.length, -1) }));
    expect(said).toEqual([expect.stringContaining(says)]);
    expect(said.join()).not.toContain('hush');
  });

  test.each([
    ["m: {smtp: 'mail:587', from: h@e.com}", 'sources.m.smtp: is "mail:587"; allowed: smtp://HOST:PORT'],
    ["m: {smtp: 'smtp://u:hush@mail', from: h@e.com}", 'sources.m.smtp: is a URL with a password (not shown)'],
    ["m: {smtp: 'smtp://mail'}", 'is missing its sender'],
  ])('%s', async (sources, says) => {
    expect((await complaints(file({ page: 'email: [ada@example.com]', sources }))).join('\n')).toContain(says);
  });

  test('a Grafana without a token can not be written to', async () => {
    expect(await complaints(file({ page: 'grafana: {source: g}', sources: "g: {grafana: 'https://g/'}" }))).toEqual([
      expect.stringContaining('is missing its token'),
    ]);
  });
});

test('a service about which nobody is called is named where others are, and only there', async () => {
  const unheard = expect.stringContaining('services.shop: calls nobody');
  expect((await paging({ page: 'slack: hook', service: 'order: fixed' })).warnings).toEqual([unheard]);
  expect((await paging({ page: 'slack: hook' })).warnings).toEqual([]);
  expect((await paging({ page: 'slack: hook', service: 'order: fixed', policy: 'page: {slack: hook}' })).warnings).toEqual([]);
  expect((await paging({ service: 'order: fixed' })).warnings).toEqual([]);
});

describe('silences', () => {
  test('are off without a line in the policy', async () => {
    expect((await paging({})).silence).toBeUndefined();
  });

  test('last five minutes at most, at an Alertmanager that is known', async () => {
    const sources = "am: {alertmanager: 'https://am/'}";
    expect((await paging({ sources, policy: 'silence: {source: am}' })).silence).toEqual({
      source: { name: 'am', url: 'https://am' },
      forMs: 300_000,
    });
    expect(await complaints(file({ sources, policy: 'silence: {source: am, for: 6m}' }))).toEqual([
      expect.stringContaining('from 1m to 5m'),
    ]);
    expect(await complaints(file({ sources, policy: 'silence: {source: x}' }))).toEqual([
      expect.stringContaining('policy.silence.source: unknown Alertmanager among sources "x"'),
    ]);
  });

  test('are for services and classes that say so', async () => {
    const of = async (service: string) => {
      const checked = await check({ 'hale.yaml': file({ service }) }, env);
      return checked.kind === 'valid' && checked.fleet.services[0]?.silence;
    };
    expect([await of('silence: true'), await of('silence: false'), await of('team: web')]).toEqual([true, undefined, undefined]);
  });
});

test('what is wrong with the policy alone refuses the file', async () => {
  const policy = (line: string) => complaints(file({ policy: line }));
  expect(await policy('yieldTo: [maintenance], maintenance: [nights]')).toEqual([
    expect.stringContaining('unknown time interval "nights"'),
  ]);
});

test('explaining a service names the channels that are called for it, and where that is said', async () => {
  const lines = async (parts: Parameters<typeof file>[0]) => {
    const checked = await check({ 'hale.yaml': file(parts) }, env);
    const node = checked.kind === 'valid' ? checked.effective.get('shop') : undefined;
    return node === undefined ? [] : explain(node).filter(({ path }) => path.startsWith('page'));
  };
  expect(await lines({ page: 'slack: hook', policy: 'page: {teams: hook}' })).toEqual([
    { path: 'page.slack', value: 'hook', origin: 'teams, hale.yaml:4:29' },
  ]);
  expect(await lines({ policy: 'page: {teams: hook}' })).toEqual([{ path: 'page.teams', value: 'hook', origin: 'policy, hale.yaml:5:24' }]);
  expect(await lines({})).toEqual([]);
});
