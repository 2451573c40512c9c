import { expect, test } from 'vitest';
import { durationMs } from '../../../client/cli/duration.js';
import { answersTable } from '../../../client/cli/page.js';
import { statusText } from '../../../client/cli/status-text.js';
import { age, counted, plain, printableJson, table } from '../../../client/cli/text.js';

test('text on one line keeps its words and loses every control character', () => {
  expect(plain('a\u001b[31mb\r\nc\td\u202ee\u200b\u0000')).toBe('a[31mb c de');
  expect(plain('Über naïve 日本')).toBe('Über naïve 日本');
});

test('printable JSON escapes what a terminal would obey and loses nothing', () => {
  const hostile = { text: 'a\u009b31m\u202e\u{E0001}\n"' };
  const printed = printableJson(hostile, 2);
  expect(printed).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
  expect(JSON.parse(printed)).toEqual(hostile);
});

test('a table is plain columns that grep and awk can read', () => {
  expect(table(['A', 'LONG'], [['xyz', '1']])).toBe('A    LONG\nxyz  1');
});

test.each([
  ['30m', 1_800_000],
  ['1h30m', 5_400_000],
  ['2d', 172_800_000],
  ['500ms', 500],
])('the duration %s is %i ms', (text, ms) => {
  expect(durationMs('--for', text)).toBe(ms);
});

test.each(['', '30', '5 m', '-5s', '0s', 'P1D', '1.5h', '1m1h', '1e400', '99999999999999999d'])(
  'the duration %j is refused with the option, the value and an example',
  (text) => {
    expect(() => durationMs('--for', text)).toThrow(
      `--for is ${JSON.stringify(text)}: a duration above 0 and at most 36500d is allowed, for example 30m or 1h30m`,
    );
  },
);

test('what is counted is singular where there is one of it', () => {
  expect([0, 1, 2].map((count) => counted(count, 'service'))).toEqual(['0 services', '1 service', '2 services']);
  expect(counted(1, 'process runs', 'processes run')).toBe('1 process runs');
});

const quiet = {
  asOf: '',
  web: { url: null },
  database: { url: '' },
  processes: [],
  stopped: null,
  starting: false,
  storm: null,
  atWork: [],
  incidents: [],
  heldIncidents: [],
  failingChannels: [],
  strandedEffects: [],
};

test('a summary under stop counts what is broken and what nobody sees', () => {
  const temporal = { address: null, namespace: null, reachable: true };
  const services = (['degraded', 'ok', 'noData'] as const).map((state) => {
    const measured = { state, sentence: 'as measured' };
    return { name: state, state: 'stopped' as const, why: 'stopped by ada', measured, frozen: null, instances: [] };
  });
  const text = statusText({ ...quiet, temporal, services }, 0);
  expect(text).toContain('3 services: 3 stopped, 1 of them broken, 1 of them without data');
});

test('a status of one service does not speak of services', () => {
  const measured = { state: 'ok' as const, sentence: 'well' };
  const service = { name: 'shop', state: 'ok' as const, why: null, measured, frozen: null, instances: [] };
  const temporal = { address: null, namespace: null, reachable: true };
  expect(statusText({ ...quiet, temporal, services: [service] }, 0)).toContain('1 service: 1 ok');
});

test('a storm, and who is at work, are said with the command that is about them', () => {
  const temporal = { address: null, namespace: null, reachable: true };
  const storm = { incident: 'inc-3', since: '2026-11-28T12:00:00.000Z', source: null };
  const atWork = [{ service: 'shop', by: 'ada', until: '2026-11-28T12:30:00.000Z' }];
  const status = { ...quiet, temporal, services: [], storm, atWork };
  const text = statusText(status, Date.parse('2026-11-28T12:05:00Z'));
  expect(text).toContain('STORM since 2026-11-28T12:00:00.000Z: hale corrects nothing until it is over (hale incidents inc-3)');
  expect(text).toContain('AT WORK  BY   FOR  END IT\nshop     ada  25m  hale work shop --done');
  const ofOne = statusText({ ...status, storm: { ...storm, source: 'db' }, atWork: [] }, 0);
  expect(ofOne).toContain('hale corrects nothing but db until it is over');
  expect(ofOne).not.toContain('AT WORK');
});

test('an age is a number that a person takes in at a glance', () => {
  expect([47_000, 240_000, 10_800_000, 259_200_000, -5].map(age)).toEqual(['47s', '4m', '3h', '3d', '0s']);
});

test('of a huge answer to a test page the beginning is shown', () => {
  const shown = answersTable({ channels: [{ channel: 'mail', arrived: false, answer: 'x'.repeat(10_000) }] });
  expect(shown).toContain(`${'x'.repeat(120)}…`);
  expect(shown.length).toBeLessThan(300);
});
