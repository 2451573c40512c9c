import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { problemText } from '../../../contracts/configuration/problem.js';
import { check, complaints } from '../../support/configuration.js';

const service = (more = '', fix = ''): string => `services:
  shop: {signals: {up: {exec: [/bin/up], every: 1s}}, objectives: {up: {above: 0, for: 0s}}, corrections: {fix: {exec: [/bin/fix], undo: nothingToRestore${fix}}}${more}}`;
const yaml = (head: string, more = '', fix = ''): string => `apiVersion: hale/v1\n${head}\n${service(more, fix)}\n`;
const windows = `time_intervals: [{name: night, time_intervals: [{times: [{start_time: '22:00', end_time: '24:00'}]}]}, {name: office, time_intervals: []}]`;

async function valid(text: string) {
  const checked = await check({ 'hale.yaml': text });
  if (checked.kind === 'refused') throw new Error(checked.errors.map(problemText).join('\n'));
  const [shop] = checked.fleet.services;
  return { policy: checked.fleet.policy ?? {}, shop, warnings: checked.warnings.map(problemText), inactive: checked.fleet.notYetActive };
}

test('the label by which an Alertmanager names services is configured at its source, and nowhere else', async () => {
  const { policy } = await valid(yaml("sources: {am: {alertmanager: 'http://am:9093', serviceLabel: job}}"));
  expect(policy.alertmanagers).toEqual([{ name: 'am', url: 'http://am:9093', serviceLabel: 'job' }]);
  expect(await complaints(yaml("sources: {p: {prometheus: 'http://p:9090', serviceLabel: job}}"))).toEqual([
    expect.stringContaining('belongs to an Alertmanager; for example {alertmanager: URL, serviceLabel: job}'),
  ]);
});

test('a policy is resolved with every part that it has, and nothing of it is named as inactive', async () => {
  const { policy, inactive } = await valid(
    yaml(`${windows}
sources: {am: {alertmanager: 'http://am:9093/'}}
policy:
  budgets: [{max: 3, in: 1h, per: service}, {max: 1, in: 6h, per: correction}]
  storm: {services: 10%, within: 2m}
  yieldTo: [alertmanagerSilence, maintenance, rolloutInProgress, person]
  maintenance: [night]
  freeze: {reversals: 3}
  errorBudget: {askBelow: 10%}
  resume: {fourEyes: true}`),
  );
  expect(policy).toMatchObject({
    budgets: [
      { max: 3, inMs: 3_600_000, per: 'service' },
      { max: 1, inMs: 21_600_000, per: 'correction' },
    ],
    storm: { share: 0.1, withinMs: 120_000 },
    yieldTo: ['alertmanagerSilence', 'maintenance', 'rolloutInProgress', 'person'],
    timeIntervals: [
      { name: 'night', intervals: [{ times: [{ from: 1320, to: 1440 }] }] },
      { name: 'office', intervals: [] },
    ],
    maintenance: ['night'],
    freeze: { reversals: 3, withinMs: 3_600_000 },
    errorBudget: { askBelow: 0.1 },
    resume: { fourEyes: true },
    alertmanagers: [{ name: 'am', url: 'http://am:9093' }],
  });
  expect(inactive).toEqual([]);
});

test('a level, and the way through a controller, belong to a correction', async () => {
  const { shop } = await valid(yaml('environment: test', ', target: {managedBy: argocd}', ', level: 3, through: git'));
  expect(shop).toMatchObject({ managedBy: 'argocd', corrections: [{ level: 3, through: 'git', action: { kind: 'exec' } }] });
  expect(await complaints(yaml('environment: test', '', ', level: 5'))).toEqual([
    expect.stringContaining('level: is 5; allowed: a whole number from 0 to 4'),
  ]);
});

test('the time for changes gets shorter from policy to class to service, and never longer', async () => {
  const text = `apiVersion: hale/v1
time_intervals: [{name: a, time_intervals: []}, {name: b, time_intervals: []}, {name: c, time_intervals: []}]
policy: {changesOnlyIn: [a]}
classes: {web: {changesOnlyIn: [b]}}
${service(', class: web, changesOnlyIn: [c]')}
`;
  expect((await valid(text)).shop?.changesOnlyIn).toEqual(['a', 'b', 'c']);
});

test('a window that nobody defined is an error with the nearest name, and one defined twice too', async () => {
  expect(await complaints(yaml(windows, ', changesOnlyIn: [nigth]'))).toEqual([expect.stringMatching(/changesOnlyIn.*nigth.*night/)]);
  expect(await complaints(yaml(`${windows}\npolicy: {yieldTo: [maintenance], maintenance: [sunday]}`))).toEqual([
    expect.stringContaining('policy.maintenance[0]'),
  ]);
  expect(await complaints(yaml('time_intervals: [{name: a, time_intervals: []}, {name: a, time_intervals: []}]'))).toEqual([
    expect.stringContaining('is a, which stands above already'),
  ]);
});

test('what can not take effect is said: maintenance that nothing yields to, silences of nobody, limits of one unit', async () => {
  expect((await valid(yaml(`${windows}\npolicy: {maintenance: [night]}`))).warnings).toEqual([
    expect.stringContaining('means nothing without yieldTo: [maintenance]'),
  ]);
  for (const maintenance of ['', ', maintenance: []'])
    expect((await valid(yaml(`policy: {yieldTo: [maintenance]${maintenance}}`))).warnings).toEqual([
      expect.stringContaining('names maintenance, but no interval is one; allowed: maintenance: [night]'),
    ]);
  expect((await valid(yaml('policy: {yieldTo: [alertmanagerSilence]}'))).warnings).toEqual([
    expect.stringContaining('names alertmanagerSilence, but no source is one'),
  ]);
  const { warnings, shop } = await valid(yaml('environment: test', ', limits: {atOnce: 2, minHealthy: 90%}'));
  expect(warnings).toHaveLength(2);
  expect(shop?.limits).not.toHaveProperty('atOnce');
});

test('atOnce is a number or a share, and a hundred percent is not one', async () => {
  const limits = async (atOnce: string) =>
    (await valid(yaml('environment: test', `, instances: [a, b], limits: {atOnce: ${atOnce}, minHealthy: 50%}`))).shop?.limits;
  expect(await limits('2')).toMatchObject({ atOnce: { count: 2 }, minHealthy: 0.5 });
  expect(await limits('10%')).toMatchObject({ atOnce: { share: 0.1 } });
  expect(await limits('100%')).toMatchObject({ atOnce: { share: 1 } });
  expect(await complaints(yaml('environment: test', ', instances: [a, b], limits: {atOnce: 0}'))).toEqual([
    expect.stringContaining('limits.atOnce: is 0; allowed: a whole number from 1 to 10000'),
  ]);
});

describe('time intervals are those of Alertmanager', () => {
  /** What Alertmanager's own checker says of them. */
  async function takenByAlertmanager(intervals: string): Promise<boolean> {
    const folder = await mkdtemp(join(tmpdir(), 'hale-amtool-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, 'alertmanager.yml');
    await writeFile(file, `route: {receiver: r}\nreceivers: [{name: r}]\ntime_intervals: [{name: a, time_intervals: [${intervals}]}]\n`);
    const { status, error } = spawnSync('amtool', ['check-config', file]);
    if (error) throw error;
    return status === 0;
  }
  const takenByHale = async (intervals: string): Promise<boolean> =>
    (await complaints(yaml(`time_intervals: [{name: a, time_intervals: [${intervals}]}]`))).length === 0;

  const samples: readonly string[] = [
    `{times: [{start_time: '09:00', end_time: '17:00'}]}`,
    `{times: [{start_time: '00:00', end_time: '24:00'}]}`,
    `{times: [{start_time: '17:00', end_time: '09:00'}]}`,
    `{times: [{start_time: '09:00', end_time: '09:00'}]}`,
    `{times: [{start_time: '9:00', end_time: '17:00'}]}`,
    `{times: [{start_time: '09:00', end_time: '25:00'}]}`,
    `{weekdays: ['monday:friday', 'sunday']}`,
    `{weekdays: ['Saturday']}`,
    `{weekdays: ['saturday:sunday']}`,
    `{weekdays: ['mon']}`,
    `{days_of_month: ['1:5', '-3:-1']}`,
    `{days_of_month: ['1:-1']}`,
    `{days_of_month: ['5:1']}`,
    `{days_of_month: ['-1:1']}`,
    `{days_of_month: ['0']}`,
    `{days_of_month: ['32']}`,
    `{months: ['january:march', '11', 'December']}`,
    `{months: ['march:january']}`,
    `{years: ['2026', '2027:2030']}`,
    `{years: ['2030:2027']}`,
    `{location: 'Europe/Berlin'}`,
    `{location: 'Europe/Nowhere'}`,
    `{location: 'UTC', weekdays: ['monday']}`,
    `{hours: ['9']}`,
    `{}`,
  ];
  test.each(samples)('Alertmanager and hale say the same of %s', async (sample) => {
    expect(await takenByHale(sample)).toBe(await takenByAlertmanager(sample));
  });
});

const warned = async (text: string): Promise<string[]> => (await check({ 'hale.yaml': text })).warnings.map(problemText);

test('fewer approvers than must say yes is said, unless a group is among them', async () => {
  const asked = (approvers: string) =>
    warned(yaml(`teams: {web: {approvers: [${approvers}]}}`, ', team: web', ', mode: ask, approvals: {people: 2}'));
  expect(await asked('ada')).toEqual([expect.stringContaining('names one approver where 2 people must say yes')]);
  expect(await asked('ada, bob')).toEqual([]);
  expect(await asked("'group:sre'")).toEqual([]);
});

test('a team without anybody who may approve is refused', async () => {
  expect(await complaints(yaml('teams: {web: {approvers: []}}'))).toEqual([
    expect.stringContaining('teams.web.approvers: is a list; allowed: at least one person, or a group such as group:sre'),
  ]);
});

test('changes only in an interval that is never open is said', async () => {
  const within = (name: string) => warned(yaml(windows, `, changesOnlyIn: [${name}]`));
  expect(await within('office')).toEqual([
    expect.stringContaining('is office, which is never open: its time_intervals, or a list in them, are empty'),
  ]);
  expect(await within('night')).toEqual([]);
  const listed = (intervals: string) =>
    warned(yaml(`time_intervals: [{name: odd, time_intervals: [${intervals}]}]`, ', changesOnlyIn: [odd]'));
  for (const empty of ['times', 'weekdays', 'days_of_month', 'months', 'years'])
    expect(await listed(`{${empty}: []}`)).toEqual([expect.stringContaining('which is never open')]);
  expect(await listed('{times: []}, {weekdays: [monday]}')).toEqual([]);
});
