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
  ...['../x', 'a/../x', '.git/x', 'a/.GIT', '.', './a', 'a/.', '"a*"', '"a?"'].map((path) => [
    `git: lastGood, source: conf, paths: [${path}]`,
    `is ${JSON.stringify(path.replaceAll('"', ''))}; allowed: a path below the root of the repository, without ., .., .git or wildcards`,
  ]),
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

test('a silence whose word is wrong is not taken for a wait', async () => {
  expect(await complaints(silencing('alertmanager: mute, for: 5m, source: am', ''))).toEqual([
    expect.stringContaining('fix.alertmanager: is "mute"; allowed: one of silence'),
  ]);
});

const clusters = 'eu: {kubernetes: /etc/hale/kubeconfig, namespaces: [shop]}, am: {alertmanager: http://am}';
const cluster = (correction: string, target = 'source: eu, deployment: shop/checkout'): string =>
  file(correction, clusters).replace('corrections:', `target: {${target}}\n    corrections:`);

test('a correction of a cluster acts on the Deployment that is the service`s target, and its undo is a fact', async () => {
  const actionOf = async (correction: string, more = '') => {
    const { checkout } = await resolved(cluster(correction).replace('    signals:', `${more}    signals:`));
    return checkout?.corrections[0];
  };
  const place = { kind: 'kubernetes', access: '/etc/hale/kubeconfig', namespace: 'shop', deployment: 'checkout' };
  const instances = '    instances: [checkout-1]\n';
  expect(await actionOf('kubernetes: rolloutRestart')).toMatchObject({
    undo: 'nothingToRestore',
    action: { ...place, command: 'rolloutRestart' },
  });
  expect(await actionOf('kubernetes: rolloutUndo, through: git')).toMatchObject({ undo: 'restores', action: { through: 'git' } });
  expect(await actionOf('kubernetes: scale, replicas: {by: 2, max: 10}')).toMatchObject({
    undo: 'restores',
    action: { ...place, by: 2, max: 10 },
  });
  expect(await actionOf('kubernetes: deletePod, on: instance', instances)).toMatchObject({
    undo: 'nothingToRestore',
    action: { instance: '$instance' },
  });
  expect(await actionOf('kubernetes: cordon', instances)).toMatchObject({ undo: 'restores', action: { ...place, command: 'cordon' } });
});

test.each([
  ['kubernetes: explode', 'one of rolloutRestart, rolloutUndo, scale, deletePod, cordon'],
  ['kubernetes: scale', 'is missing its replicas; allowed: replicas: {by: 2, max: 10}'],
  ['kubernetes: scale, replicas: {by: 0, max: 10}', 'a whole number from 1 to 1000'],
  ['kubernetes: rolloutUndo, replicas: {by: 1, max: 2}', 'means nothing beside kubernetes: rolloutUndo'],
  ['kubernetes: deletePod', '$instance'],
  ['kubernetes: deletePod, on: service', 'is service; allowed beside kubernetes: deletePod: instance'],
  ['kubernetes: scale, replicas: {by: 1, max: 2}, on: instance', 'is instance; allowed beside kubernetes: scale: service'],
  ['kubernetes: rolloutRestart, target: {source: eu, deployment: checkout}', 'NAMESPACE/NAME, such as shop/checkout'],
  ['kubernetes: rolloutRestart, target: {source: eu, deployment: "shop/../nodes"}', 'NAMESPACE/NAME'],
  ['kubernetes: rolloutRestart, target: {source: eu, deployment: cart/cart}', 'a Deployment in shop, as sources.eu.namespaces says'],
  ['kubernetes: rolloutRestart, target: {source: am, deployment: shop/checkout}', 'unknown Kubernetes source'],
  ['kubernetes: rolloutRestart, undo: restores', 'says restores, but kubernetes nothingToRestore'],
])('a correction of a cluster that says too little or too much is refused with what is allowed: %s', async (correction, says) => {
  expect((await complaints(cluster(correction))).join('\n')).toContain(says);
});

test('a target in a namespace that its source is not bound to is refused, even where it is only looked at', async () => {
  expect(await complaints(cluster('exec: [ls]', 'source: eu, deployment: kube-system/coredns'))).toEqual([
    expect.stringContaining('is "kube-system/coredns"; allowed: a Deployment in shop'),
  ]);
});
