// Drives the built `hale import` over files as other tools have them.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { imported } from '../../contracts/adoption.js';
import { complaints } from '../support/configuration.js';
import { dataOf, failureOf, hale } from '../support/hale-command.js';

const fixture = (name: string): string => `test/fixtures/import/${name}`;
const prometheus = ['--prometheus', 'http://127.0.0.1:9090'];

test('an import of Sloth keeps every SLO with events or a ratio, fills the window in, and names what it leaves out', async () => {
  const { configuration, leftOut } = dataOf(imported, await hale(['import', 'sloth', fixture('sloth.yaml'), ...prometheus, '--json']));
  expect(configuration).toMatchInlineSnapshot(`
    "# From sloth: test/fixtures/import/sloth.yaml.
    # Without corrections: hale only observes.
    apiVersion: hale/v1
    sources:
      prometheus: {prometheus: http://127.0.0.1:9090}
    services:
      myservice:
        signals:
          requests-availability-total: {source: prometheus, query: 'sum(rate(http_request_duration_seconds_count{job="myservice"}[5m]))'}
          requests-availability-errors: {source: prometheus, query: '((sum(rate(http_request_duration_seconds_count{job="myservice",code=~"(5..|429)"}[5m]))) or (sum(rate(http_request_duration_seconds_count{job="myservice"}[5m]))) * 0) / (sum(rate(http_request_duration_seconds_count{job="myservice"}[5m])))', onlyIf: {requests-availability-total: {above: 0}}}
          quiet-errors: {source: prometheus, query: 'my:ratio[5m]'}
        objectives:
          # Sloth pages at 14.4 times the budget of 0.1%
          requests-availability: {signal: requests-availability-errors, below: 1.44%, target: 99.9%, window: 30d}
          # broken when errors exceed the budget of 1%
          quiet: {signal: quiet-errors, below: 1%, target: 99%, window: 30d}
    "
  `);
  expect(leftOut).toMatchInlineSnapshot(`
    [
      "test/fixtures/import/sloth.yaml:4:3 labels: is for the labels of alerts, and is left out",
      "test/fixtures/import/sloth.yaml:17:7 slos[0].alerting: is for the text and labels of alerts; a page alert sets the bound, and is left out",
      "test/fixtures/import/sloth.yaml:32:15 slos[1].alerting: is for the text and labels of alerts; a page alert sets the bound, and is left out",
      "test/fixtures/import/sloth.yaml:35:20 slos[2].sli.plugin: is code of a plugin, and is left out",
    ]
  `);
  expect(await complaints(configuration)).toEqual([]);
});

test('an import of OpenSLO joins the documents of a file, takes rates before sums, and names unknown kinds and fields by line', async () => {
  const { configuration, leftOut } = dataOf(imported, await hale(['import', 'openslo', fixture('openslo.yaml'), ...prometheus, '--json']));
  expect(configuration).toMatchInlineSnapshot(`
    "# From openslo: test/fixtures/import/openslo.yaml.
    # Without corrections: hale only observes.
    apiVersion: hale/v1
    sources:
      prometheus: {prometheus: http://127.0.0.1:9090}
    services:
      web:
        signals:
          web-successful-requests-ratio-total: {source: prometheus, query: 'sum(rate(http_requests{k8s_cluster="prod",component="web"}[5m]))'}
          web-successful-requests-ratio-errors: {source: prometheus, query: '1 - ((sum(rate(http_requests{k8s_cluster="prod",component="web",code=~"2xx|4xx"}[5m]))) or (sum(rate(http_requests{k8s_cluster="prod",component="web"}[5m]))) * 0) / (sum(rate(http_requests{k8s_cluster="prod",component="web"}[5m])))', onlyIf: {web-successful-requests-ratio-total: {above: 0}}}
          latency: {source: prometheus, query: 'histogram_quantile(0.99, sum by (le) (rate(x_bucket[5m])))'}
        objectives:
          # its alert condition is a burn rate of 2: 2 times the budget of 2%
          web-successful-requests-ratio: {signal: web-successful-requests-ratio-errors, below: 4%, for: 5m, target: 98%, window: 28d}
          # healthy: lte 0.5
          latency: {below: 0.5000000000000001, target: 99%, window: 28d}
    "
  `);
  expect(leftOut).toMatchInlineSnapshot(`
    [
      "test/fixtures/import/openslo.yaml:18:3 spec.novelty: is not known to the import, and is left out",
      "test/fixtures/import/openslo.yaml:66:53 spec.objectives[0].timeSliceTarget: is not known to the import, and is left out",
      "test/fixtures/import/openslo.yaml:69:7 kind: is of kind DataSource; known: SLO, SLI, AlertPolicy, AlertCondition, and is left out",
    ]
  `);
  expect(await complaints(configuration)).toEqual([]);
});

test('an import of a Backstage catalog takes owners for teams, and only those dependencies that are there', async () => {
  const { configuration, leftOut } = dataOf(imported, await hale(['import', 'backstage', fixture('catalog-info.yaml'), '--json']));
  expect(configuration).toMatchInlineSnapshot(`
    "# From backstage: test/fixtures/import/catalog-info.yaml.
    # Signals and objectives are still to be added.
    apiVersion: hale/v1
    teams:
      payments: {}
      shop: {}
    services:
      checkout:
        team: payments
        dependsOn: [cart, orders-db]
      cart:
        team: shop
      orders-db:
        team: payments
    "
  `);
  expect(leftOut).toMatchInlineSnapshot(`
    [
      "test/fixtures/import/catalog-info.yaml:13:37 spec.flavour: is not known to the import, and is left out",
      "test/fixtures/import/catalog-info.yaml:20:7 kind: is of kind API; known: Component, Resource, and is left out",
      "test/fixtures/import/catalog-info.yaml:8:59 spec.dependsOn[2]: is no component or resource of these files, and is left out",
    ]
  `);
  expect(await complaints(configuration)).toEqual([]);
});

test('several files and SLOs merge into the service that --service names', async () => {
  const files = [fixture('sloth.yaml'), fixture('sloth.yaml')];
  const { configuration } = dataOf(imported, await hale(['import', 'sloth', ...files, '--service', 'shop', ...prometheus, '--json']));
  expect(configuration.match(/^ {2}shop:$/gm)).toHaveLength(1);
  expect(configuration).toContain('requests-availability-2: {signal: requests-availability-2-errors');
  expect(await complaints(configuration)).toEqual([]);
});

async function file(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hale-import-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'slo.yaml'), text);
  return join(folder, 'slo.yaml');
}

const slo = (metric: string): string => `apiVersion: openslo/v1
kind: SLO
metadata: {name: a}
spec:
  service: web
  timeWindow: [{duration: 28d, isRolling: true}]
  objectives: [{target: 0.99}]
  indicator: {spec: {ratioMetric: ${metric}}}
`;

test.each([
  ['YAML that is none', 'kind: [', 'is not valid YAML'],
  ['only kinds that are unknown', 'apiVersion: openslo/v1\nkind: Service\n', ':2:7 kind: is of kind Service; known'],
  ['another version', 'apiVersion: openslo/v2alpha\nkind: SLO\n', 'is no apiVersion openslo/v1'],
  [
    'a counter in a query of which no rate can be taken',
    slo('{counter: true, bad: {metricSource: {spec: {query: max(a)}}}, total: {metricSource: {spec: {query: sum(b)}}}}'),
    'no rate can be taken',
  ],
  ['a calendar window', slo('{}').replace('isRolling: true', 'isRolling: false'), 'is a calendar window'],
  [
    'a source of another kind',
    slo('{counter: false, bad: {metricSource: {type: Datadog, spec: {query: a}}}, total: {}}'),
    'is of type Datadog',
  ],
])('an import of %s ends with its sentence and prints no configuration', async (_, text, says) => {
  const ran = await hale(['import', 'openslo', await file(text), ...prometheus, '--json']);
  expect(ran.code).toBe(2);
  expect(failureOf(ran).message).toContain(says);
});

test('many complaints are a line each, and what comes from the file makes none of its own', async () => {
  const text = "version: prometheus/v1\nservice: s\nslos:\n  - {name: a, sli: {plugin: {}}, odd: 1}\n  - {name: b, objective: 'x\\ny'}\n";
  const { code, stderr } = await hale(['import', 'sloth', await file(text), ...prometheus]);
  expect(code).toBe(2);
  const lines = stderr.trimEnd().split('\n');
  expect(lines.length).toBeGreaterThanOrEqual(4);
  expect(lines[0]).toMatch(/^hale: /);
  for (const line of lines.slice(1, -1)) expect(line).toMatch(/^\S+:\d+:\d+ slos/);
});

test('an import without the address of Prometheus is refused rather than given one', async () => {
  const ran = await hale(['import', 'sloth', fixture('sloth.yaml'), '--json']);
  expect(ran.code).toBe(2);
  expect(failureOf(ran).hint).toContain('--prometheus');
});

test('good events of which there are none yet are no proof of health', async () => {
  const text = slo('{bad: {metricSource: {spec: {query: b}}}, total: {metricSource: {spec: {query: t}}}}');
  const ofGood = await hale(['import', 'openslo', await file(text.replace('bad:', 'good:')), ...prometheus, '--json']);
  expect(dataOf(imported, ofGood).configuration).toContain('query: 1 - ((b) or (t) * 0) / (t),');
  const ofBad = await hale(['import', 'openslo', await file(text), ...prometheus, '--json']);
  expect(dataOf(imported, ofBad).configuration).toContain('query: ((b) or (t) * 0) / (t),');
});
