import { expect, test } from 'vitest';
import type { LedgerLine } from '../../../domain/delivery.js';
import { foldPages, type Known, type Page, writePage } from '../../../domain/page.js';

const noon = Date.UTC(2026, 10, 28, 12, 0, 0);

const line = (more: Partial<LedgerLine>): LedgerLine => ({
  seq: 7,
  at: noon,
  kind: 'person.called',
  service: 'checkout',
  incident: 'inc-12',
  data: {},
  ...more,
});

const errors = {
  objective: {
    name: 'errors',
    signal: 'errors',
    bound: { below: 0.02 },
    forMs: 0,
    votes: { bad: 1, of: 1 },
    silenceMs: 60_000,
    holdMs: 60_000,
  },
  judgement: {
    kind: 'broken' as const,
    since: noon - 300_000,
    bad: 1,
    of: 1,
    last: { kind: 'value' as const, at: noon - 2_000, value: 0.4 },
  },
};

const known = (more: Partial<Known>): Known => ({
  line: line({}),
  purpose: 'call',
  environment: 'prod',
  team: 'payments',
  onset: noon - 303_000,
  workflowId: 'heal/checkout/-',
  measured: [errors],
  effects: [],
  links: {},
  now: noon,
  ...more,
});

/** As a person reads it. */
const shown = ({ title, facts, next, link }: Page): string =>
  [
    title,
    ...facts.map(({ label, text }) => `${label}: ${text}`),
    ...next.map((command) => `  ${command}`),
    ...(link === undefined ? [] : [link]),
  ].join('\n');

test('a call says what is so now and since when, what hale did, what is in force, and the command to paste', () => {
  const effects = [
    { correction: 'last-good', resource: '/etc/shop.conf', state: 'undone' as const, verdict: 'unchanged' },
    { correction: 'restart', resource: 'unit shop', state: 'adopted' as const, verdict: 'noData', after: 'pid 812' },
    { correction: 'vacuum', resource: 'orders', state: 'prepared' as const },
  ];
  const data = { why: 'escalated', sentence: '2 corrections were tried and none held' };
  expect(shown(writePage(known({ line: line({ data }), effects })))).toBe(`[prod] checkout is broken and hale does not know better
Now: errors is 0.4, wanted below 0.02 (read 11:59:58 UTC)
Since: 2026-11-28 11:54:57 UTC (5m 3s)
Why: 2 corrections were tried and none held
Hale did: last-good: done and undone (it did not help); restart: done and kept (nothing could be measured)
In force: restart on unit shop, now pid 812
  hale incidents inc-12
  hale resume checkout`);
});

test('a call says where its commands mean what they say, but not where it has none', () => {
  const home = { host: 'ops-1', state: '/var/lib/hale-state' };
  const where = { label: 'Where', text: 'on ops-1, after: export HALE_STATE=/var/lib/hale-state' };
  expect(writePage(known({ home })).facts.at(-1)).toEqual(where);
  expect(writePage(known({ home, purpose: 'told' })).facts).not.toContainEqual(where);
  expect(writePage(known({})).facts.map(({ label }) => label)).not.toContain('Where');
});

test('a question shows what would be done, why, to how much, its undo, how it went before, and what hale leaves', () => {
  const ask = {
    proposal: 'a1b2c3',
    correction: 'release',
    choice: 'changed 12 minutes ago',
    before: 'release 42',
    goal: 'release 41',
    undo: 'hale can undo',
    touches: 'checkout, with all of its 4 instances; 2 healthy ones are left meanwhile',
    record: 'held 3 of 4 times here on this pattern',
    took: '1m12s until it had held, the median of 3 times',
    tried: 'restart did not help (unchanged): errors is 0.4',
    refused: 'failover: mode observe: hale would have done failover',
    expires: '2026-11-28T12:15:00.000Z',
  };
  const data = { why: 'ask', sentence: 'said part by part', ask };
  expect(shown(writePage(known({ line: line({ data }), links: { page: 'https://hale.example' } }))))
    .toBe(`[prod] checkout is broken: may hale correct it?
Now: errors is 0.4, wanted below 0.02 (read 11:59:58 UTC)
Since: 2026-11-28 11:54:57 UTC (5m 3s)
Proposed: release
Why this one: changed 12 minutes ago
Target now: release 42
Target then: release 41
Undo: hale can undo
Touches: checkout, with all of its 4 instances; 2 healthy ones are left meanwhile
Record: held 3 of 4 times here on this pattern
Takes: 1m12s until it had held, the median of 3 times
Tried before: restart did not help (unchanged): errors is 0.4
Hale will not: failover: mode observe: hale would have done failover
Decide until: 2026-11-28T12:15:00.000Z
Hale did: nothing
In force: nothing of it
  hale approve inc-12 --proposal a1b2c3
  hale reject inc-12 --proposal a1b2c3 --reason WHY
  hale incidents inc-12
https://hale.example/incidents/inc-12`);
});

test('where nothing can be measured the message says so, and never that all is well', () => {
  const last = { kind: 'noData' as const, at: noon - 70_000, reason: 'timeout' as const, detail: 'no answer within 900 ms' };
  const blind = { ...errors, judgement: { kind: 'noData' as const, since: noon - 70_000, bad: 0, of: 0, last } };
  const [now] = writePage(known({ measured: [blind] })).facts;
  expect(now?.text).toBe('errors is no data (timeout: no answer within 900 ms) (read 11:58:50 UTC)');
  expect(writePage(known({ measured: [] })).facts[0]?.text).toBe('nothing was measured yet');
});

test('a symptom that is gone by the time of writing is not said to stand', () => {
  const well = { ...errors, judgement: { ...errors.judgement, kind: 'met' as const } };
  expect(writePage(known({ measured: [well] })).facts[0]).toEqual({ label: 'Now', text: 'well by every objective' });
});

test('what a call is about decides what to do next', () => {
  const next = (why: string) => writePage(known({ line: line({ data: { why } }) })).next;
  expect(next('overdue')).toEqual(['hale incidents inc-12', 'hale takeover inc-12']);
  expect(next('stranded')).toEqual(['hale incidents inc-12', 'hale resume checkout']);
  expect(next('something new')).toEqual(['hale incidents inc-12']);
});

test('the end of a storm is told as that, whichever service stood for it', () => {
  const title = (service: string) => writePage(known({ purpose: 'ended', line: line({ kind: 'storm.ended', service }) })).title;
  expect([title('*'), title('db')]).toEqual(['[prod] the storm is over', '[prod] the storm is over']);
});

test('all messages of one incident have one thread, which holds the environment', () => {
  const threads = (['call', 'answered', 'ended'] as const).map((purpose) => writePage(known({ purpose })).thread);
  expect(new Set(threads)).toEqual(new Set(['hale/prod/inc-12']));
});

test('the link leads to the page where there is one, else to Temporal, else nowhere', () => {
  const link = (links: Known['links']) => writePage(known({ links })).link;
  expect(link({ page: 'https://hale', temporal: 'https://t/namespaces/default' })).toBe('https://hale/incidents/inc-12');
  expect(link({ temporal: 'https://t/namespaces/default' })).toBe('https://t/namespaces/default/workflows/heal%2Fcheckout%2F-');
  expect(link({})).toBeUndefined();
});

test('a message fits on a screen, however much a target or a fleet has to say', () => {
  const measured = Array.from({ length: 50 }, (_, i) => ({ ...errors, instance: `web-${i}` }));
  const data = { why: 'escalated', sentence: 'x'.repeat(20_000) };
  const page = writePage(known({ line: line({ data }), measured }));
  expect(page.facts[0]?.text).toContain('; and 47 more');
  expect(shown(page).length).toBeLessThan(2_000);
  expect(shown(page).split('\n').length).toBeLessThan(25);
});

test('a flood is one message that says how many, and which services', () => {
  const pages = Array.from({ length: 40 }, (_, i) =>
    writePage(
      known({
        line: line({ seq: i, service: `s${i}`, incident: `inc-${i}`, data: { why: 'escalated' } }),
        purpose: i < 30 ? 'call' : 'ended',
      }),
    ),
  );
  const folded = foldPages(pages);
  expect(folded.title).toBe('[prod] 40 messages at once: 30 calls for a person, 10 others');
  expect(folded.facts[0]).toEqual({ label: 'Services', text: 's0, s1, s2, s3, s4, s5, s6, s7, s8, s9 and 20 more' });
  expect(folded).toMatchObject({ purpose: 'call', severity: 'critical', thread: 'hale/prod/many/0', next: ['hale status'] });
  expect(folded.incident).toBeUndefined();
});
