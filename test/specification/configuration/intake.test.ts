import { expect, test } from 'vitest';
import { whomOf } from '../../../contracts/configuration/alert-target.js';
import type { Fleet } from '../../../domain/service.js';
import { check, complaints } from '../../support/configuration.js';

/** Sources of alerts and changes, and which service an alert is about. */

const file = (intake: string, services = 'shop: {}'): string => `
apiVersion: hale/v1
secrets: {am: {file: /run/am}}
sources: {prom: {prometheus: 'http://prom'}}
intake: {${intake}}
classes: {web: {alerts: ['job="$service"', 'severity=~"critical|page"']}}
services: {${services}}`;

async function fleetOf(services: string): Promise<Fleet> {
  const checked = await check({ 'hale.yaml': file('', services) });
  if (checked.kind === 'refused') throw new Error(JSON.stringify(checked.errors));
  return { ...checked.fleet, version: 'v1' };
}

const whom = async (services: string, labels: Readonly<Record<string, string>>) => whomOf(await fleetOf(services), labels);

test('a source has a purpose, a token by reference and a rate', async () => {
  const checked = await check({
    'hale.yaml': file('am-prod: {accepts: alertmanager, token: am}, ci: {accepts: changes, token: am, perSecond: 5}'),
  });
  expect(checked).toMatchObject({
    kind: 'valid',
    fleet: {
      intake: [
        { name: 'am-prod', accepts: 'alertmanager', token: { file: '/run/am' }, perSecondMax: 50 },
        { name: 'ci', accepts: 'changes', token: { file: '/run/am' }, perSecondMax: 5 },
      ],
    },
  });
});

test('a source without purpose or token, or with a token in clear, is refused without showing it', async () => {
  expect(await complaints(file('am: {token: am}'))).toEqual([expect.stringContaining('intake.am')]);
  expect(await complaints(file('am: {accepts: alertmanager}'))).toEqual([expect.stringContaining('token')]);
  const [clear = ''] = await complaints(file('am: {accepts: alertmanager, token: hunter2}'));
  expect(clear).toContain('intake.am.token');
  expect(clear).not.toContain('hunter2');
});

test('an alert is about the service that its label names, and about nobody else', async () => {
  const services = 'shop: {}, till: {}';
  expect(await whom(services, { service: 'shop' })).toEqual({ kind: 'services', about: [{ service: 'shop' }] });
  expect(await whom(services, { service: 'shops' })).toMatchObject({ kind: 'unmatched' });
  expect(await whom(services, {})).toMatchObject({ kind: 'unmatched' });
});

test('matchers of a service or its class all have to fit', async () => {
  const services = `shop: {class: web}, till: {alerts: ['team="a"', 'env!="test"']}`;
  expect(await whom(services, { job: 'shop', severity: 'page' })).toMatchObject({ about: [{ service: 'shop' }] });
  expect(await whom(services, { job: 'shop', severity: 'info' })).toMatchObject({ kind: 'unmatched' });
  expect(await whom(services, { service: 'shop' })).toMatchObject({ kind: 'unmatched' });
  expect(await whom(services, { team: 'a' })).toMatchObject({ about: [{ service: 'till' }] });
  expect(await whom(services, { team: 'a', env: 'test' })).toMatchObject({ kind: 'unmatched' });
});

test('one alert may be about several services', async () => {
  const services = `shop: {alerts: ['zone="a"']}, till: {alerts: ['zone=~"a|b"']}`;
  expect(await whom(services, { zone: 'a' })).toEqual({ kind: 'services', about: [{ service: 'shop' }, { service: 'till' }] });
});

test('the label instance names the instance where instances are measured, and only one that there is', async () => {
  const perInstance = `signals: {up: {http: 'http://$instance/', per: instance}}, objectives: {up: {above: 0}}, instances: [a, b]`;
  expect(await whom(`shop: {${perInstance}}`, { service: 'shop', instance: 'a' })).toMatchObject({
    about: [{ service: 'shop', instance: 'a' }],
  });
  expect(await whom(`shop: {${perInstance}}`, { service: 'shop', instance: 'c' })).toMatchObject({ kind: 'unmatched' });
  expect(await whom(`shop: {${perInstance}}`, { service: 'shop' })).toMatchObject({ kind: 'unmatched' });
  const whole = `signals: {up: {http: 'http://a/'}}, objectives: {up: {above: 0}}`;
  expect(await whom(`shop: {${whole}}`, { service: 'shop', instance: 'pod-1:8080' })).toEqual({
    kind: 'services',
    about: [{ service: 'shop' }],
  });
  const found = `signals: {up: {source: prom, query: up, per: instance}}, objectives: {up: {above: 0}}`;
  expect(await whom(`shop: {${found}}`, { service: 'shop', instance: '10.0.0.1:9' })).toMatchObject({
    about: [{ instance: '10.0.0.1:9' }],
  });
  expect(await whom(`shop: {${found}}`, { service: 'shop', instance: '$(id)' })).toMatchObject({ kind: 'unmatched' });
});

test('an alert about hale itself is never about a service', async () => {
  expect(await whom('shop: {}', { service: 'hale' })).toEqual({ kind: 'self' });
  expect(await whom('shop: {}', { job: 'hale' })).toEqual({ kind: 'self' });
});

test('labels that JavaScript knows too are labels that are not there', async () => {
  expect(await whom(`shop: {alerts: ['constructor=~".+"']}`, Object.create(null) as Record<string, string>)).toMatchObject({
    kind: 'unmatched',
  });
});

test('matchers that everything fits, or that are none, are refused', async () => {
  expect(await complaints(file('', `shop: {alerts: ['team!="x"']}`))).toEqual([expect.stringContaining('everything fits')]);
  expect(await complaints(file('', `shop: {alerts: ['team=~".*"']}`))).toEqual([expect.stringContaining('everything fits')]);
  expect(await complaints(file('', `shop: {alerts: []}`))).toEqual([expect.stringContaining('at least one matcher')]);
  expect(await complaints(file('', `shop: {alerts: ['team']}`))).toEqual([expect.stringContaining('a matcher as in Alertmanager')]);
  expect(await complaints(file('', `shop: {alerts: ['team=~"(a"']}`))).toEqual([expect.stringContaining('a matcher as in Alertmanager')]);
});

test('repositories and clusters are looked at for the services that name them', async () => {
  const checked = await check({
    'hale.yaml': `
apiVersion: hale/v1
sources:
  deploys: {git: /srv/deploys.git, branch: release/1, refresh: 10s}
  unused: {git: 'https://git/unused.git'}
  eu: {kubernetes: inCluster}
services:
  shop: {changes: [{source: deploys, path: apps/shop/}, {source: deploys}], target: {source: eu, deployment: shop/checkout}}`,
  });
  expect(checked).toMatchObject({
    fleet: {
      notYetActive: [],
      feeds: [
        {
          kind: 'git',
          name: 'deploys',
          repository: '/srv/deploys.git',
          branch: 'release/1',
          everyMs: 10_000,
          paths: [{ service: 'shop', path: 'apps/shop' }, { service: 'shop' }],
        },
        {
          kind: 'kubernetes',
          name: 'eu',
          access: 'inCluster',
          deployments: [{ service: 'shop', namespace: 'shop', deployment: 'checkout' }],
        },
      ],
    },
  });
});

test.each([
  ['sources: {d: {git: deploys}}', 'sources.d.git: is "deploys"'],
  ['sources: {d: {git: "ext::sh -c id"}}', 'sources.d.git'],
  ['sources: {d: {git: "--upload-pack=id"}}', 'sources.d.git'],
  ['sources: {d: {git: "https://ada:hunter2@git/d.git"}}', 'sources.d.git'],
  ['sources: {d: {git: /d, branch: "--force"}}', 'sources.d.branch'],
  ['sources: {d: {kubernetes: here}}', 'sources.d.kubernetes'],
  ['services: {shop: {changes: [{source: d}]}}', 'unknown git source "d"'],
  ['services: {shop: {changes: [{source: d, path: /etc}]}}', 'changes[0].path'],
  ['sources: {eu: {kubernetes: inCluster}}\nservices: {shop: {target: {source: eu, deployment: checkout}}}', 'NAMESPACE/NAME'],
])('%s is refused, and no password is shown', async (part, sentence) => {
  const said = await complaints(`apiVersion: hale/v1\n${part}\n${part.includes('services:') ? '' : 'services: {shop: {}}'}\n`);
  expect(said.join('\n')).toContain(sentence);
  expect(said.join('\n')).not.toContain('hunter2');
});
