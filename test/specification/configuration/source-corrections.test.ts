// Corrections of what `sources` of the file lead to: a repository, a cluster, an Alertmanager.
import { expect, test } from 'vitest';
import { complaints, resolved } from '../../support/configuration.js';

const file = (correction: string, sources: string): string => `apiVersion: hale/v1
sources: {${sources}}
services:
  checkout:
    signals: {up: {http: 'http://127.0.0.1:1/', every: 1s}}
    objectives: {up: {above: 0}}
    corrections: {fix: {${correction}}}
`;

const repository = 'conf: {git: https://git.internal/conf.git, branch: release}, prom: {prometheus: http://p}';

test('a git correction knows its repository by a source, and proposes a branch for people unless told to push', async () => {
  const { checkout } = await resolved(file('git: lastGood, paths: [deploy/checkout/, deploy/checkout], source: conf', repository));
  expect(checkout?.corrections[0]).toMatchObject({
    undo: 'restores',
    settleMs: 3_600_000,
    action: { kind: 'git', repository: 'https://git.internal/conf.git', branch: 'release', paths: ['deploy/checkout'], push: 'branch' },
  });
  const direct = await resolved(file('git: lastGood, paths: [a], source: conf, push: direct', repository));
  expect(direct.checkout?.corrections[0]).toMatchObject({ settleMs: 30_000, action: { push: 'direct' } });
});

test.each([
  ['git: lastGood, source: conf', 'names no paths; allowed: paths: [deploy/checkout]'],
  ['git: lastGood, source: conf, paths: []', 'at least one path: an empty selector selects nothing'],
  ['git: lastGood, source: conf, paths: [/etc]', 'a path inside the repository, such as apps/shop'],
  ['git: lastGood, paths: [a]', 'names no repository; allowed: source: conf, with sources: {conf: {git:'],
  ['git: lastGood, paths: [a], source: prom', 'prom'],
  ['git: yesterday, paths: [a], source: conf', 'lastGood'],
  ['git: lastGood, paths: [a], source: conf, push: force', 'direct, branch'],
  ['git: lastGood, paths: [a], source: conf, undo: loses', 'says loses, but git restores'],
])('a git correction that says too little or too much is refused with what is allowed: %s', async (correction, says) => {
  expect((await complaints(file(correction, repository))).join('\n')).toContain(says);
});

const monitoring = 'am: {alertmanager: http://am, serviceLabel: job}, prom: {prometheus: http://p}';
const silencing = (correction: string, policy: string) =>
  file(correction, monitoring).replace('services:', `policy: {${policy}}\nservices:`);

test('a silence is about the service by the label of its Alertmanager, and lasts as long as the policy lets silences last', async () => {
  const { checkout } = await resolved(silencing('alertmanager: silence, labels: {severity: page}', 'silence: {source: am, for: 2m}'));
  expect(checkout?.corrections[0]).toMatchObject({
    undo: 'restores',
    action: { kind: 'alertmanager', source: { name: 'am' }, labels: { severity: 'page', job: '$service' }, forMs: 120_000 },
  });
});

test('a silence is asked for where only the fleet or the service said to act, and done where its own line does', async () => {
  const modeWith = async (correction: string, policy: string) =>
    (await resolved(silencing(`alertmanager: silence, source: am${correction}`, policy))).checkout?.corrections[0]?.mode;
  expect(await modeWith('', 'mode: act')).toBe('ask');
  expect(await modeWith('', 'mode: observe')).toBe('observe');
  expect(await modeWith(', mode: act', 'mode: observe')).toBe('act');
});

test.each([
  ['alertmanager: silence, source: am, for: 5m', 'silence: {source: am, for: 2m}', 'is 5m; allowed: from 1m to 2m'],
  ['alertmanager: silence, source: am, for: 6m', '', 'is 6m; allowed: from 1m to 5m'],
  ['alertmanager: silence, source: am, for: 10s', '', 'is 10s; allowed: from 1m'],
  ['alertmanager: silence', '', 'names no Alertmanager; allowed: source: am'],
  ['alertmanager: silence, source: prom', '', 'prom'],
  ['alertmanager: mute, source: am', '', 'silence'],
  ['exec: [ls], for: 5m', '', 'stands beside'],
])('a silence that says too little or too much is refused with what is allowed: %s', async (correction, policy, says) => {
  expect((await complaints(silencing(correction, policy))).join('\n')).toContain(says);
});
