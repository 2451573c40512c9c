// Drives the built `hale init` against a real Prometheus and Alertmanager, and a server that answers as Kubernetes does.
import { createServer, type RequestListener } from 'node:http';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { initialised } from '../../contracts/adoption.js';
import { complaints } from '../support/configuration.js';
import { startAlertmanager, startPrometheus, type DebianServer } from '../support/debian-prometheus.js';
import { dataOf, failureOf, hale } from '../support/hale-command.js';

const metrics = `http_requests_total{code="200"} 100
http_requests_total{code="500"} 1
http_request_duration_seconds_bucket{le="0.1"} 90
http_request_duration_seconds_bucket{le="+Inf"} 101
queue_length{queue="mail"} 3
queue_length{queue="print"} 4
disk_free_ratio 0.4
`;

const rules = `groups:
  - name: shop
    interval: 1s
    rules:
      - {alert: InstanceDown, expr: 'up{job="cart"} == 0', for: 5m, labels: {severity: page}}
      - {alert: QueueTooLong, expr: 'queue_length > 5', for: 2m}
      - {alert: DiskFull, expr: '0.1 >= disk_free_ratio'}
      - {alert: Slow, expr: 'histogram_quantile(0.9, sum by (le) (rate(http_request_duration_seconds_bucket{job="checkout"}[5m]))) > 0.5', for: 1m}
      - {alert: Watchdog, expr: vector(1)}
      - {alert: Both, expr: 'disk_free_ratio < 0.2 and queue_length > 5'}
      - {alert: Gone, expr: 'absent(up{job="checkout"})'}
      - {alert: Odd, expr: 'queue_length == 7'}
      - {alert: Nowhere, expr: 'no_such_metric > 1'}
      - {record: 'job:up:sum', expr: sum by (job) (up)}
`;

let prometheus: DebianServer;
let alertmanager: DebianServer;
const shop = createServer((_, response) => void response.writeHead(200, { 'content-type': 'text/plain' }).end(metrics));

beforeAll(async () => {
  await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve));
  const target = `127.0.0.1:${(shop.address() as AddressInfo).port}`;
  const job = (name: string): string =>
    `  - {job_name: '${name}', scrape_interval: 200ms, scrape_timeout: 200ms, static_configs: [{targets: ['${target}']}]}`;
  const config = `rule_files: [rules.yml]\nscrape_configs:\n${['checkout', 'cart', 'team/odd name'].map(job).join('\n')}\n`;
  prometheus = await startPrometheus({ config, files: { 'rules.yml': rules } });
  alertmanager = await startAlertmanager({
    config: `route: {receiver: all, routes: [{matchers: ['severity="page"'], receiver: night}]}
receivers: [{name: all, email_configs: [{to: a@example.org, from: b@example.org, smarthost: 'localhost:25'}]}, {name: night, webhook_configs: [{url: 'http://127.0.0.1:1'}]}]
`,
  });
  await scraped();
});
afterAll(async () => {
  await Promise.all([prometheus.stop(), alertmanager.stop()]);
  shop.close();
});

/** Until a rate can be taken, and the rules are known. */
async function scraped(): Promise<void> {
  const query = 'count(rate(http_request_duration_seconds_bucket[5m])) == 6';
  for (let tries = 0; tries < 100; tries += 1) {
    const answer = await fetch(`${prometheus.url}/api/v1/query?query=${encodeURIComponent(query)}`);
    const { data } = (await answer.json()) as { data: { result: unknown[] } };
    if (data.result.length > 0) return;
    await wait(100);
  }
  throw new Error('nothing was scraped within 10 s');
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'hale-init-'));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

/** Without what differs from run to run. */
const settled = (text: string): string => text.replaceAll(prometheus.url, 'PROMETHEUS').replaceAll(alertmanager.url, 'ALERTMANAGER');

test('init writes a valid configuration of every job, its rules and its requests, and names what it does not understand', async () => {
  const out = join(await folder(), 'hale.yaml');
  const ran = await hale(['init', '--prometheus', prometheus.url, '--alertmanager', alertmanager.url, '--out', out, '--json']);
  expect(ran).toMatchObject({ code: 0 });
  expect(dataOf(initialised, ran)).toMatchObject({ result: 'written', services: 3 });
  const text = await readFile(out, 'utf8');
  expect(settled(text)).toMatchInlineSnapshot(`
    "# From Prometheus PROMETHEUS: 3 jobs, 9 alerting rules, 8 objectives made of them.
    # hale only observes by this file: it says what it would do, and does nothing.
    # Check it: hale check. Try it on the past: hale backtest --since 30d. Run it: hale up --config.
    # Another \`hale init\` changes nothing here: it prints what it would write now.
    apiVersion: hale/v1
    sources:
      prometheus: {prometheus: PROMETHEUS, maxQueriesPerSecond: 20}
    policy:
      mode: observe
      budgets: [{max: 3, in: 1h, per: service}, {max: 20, in: 1d, per: environment}]
      storm: {services: 10%, within: 2m}
      yieldTo: [rolloutInProgress, person]
    services:
      cart:
        # job cart, 1 instance
        signals:
          up: {source: prometheus, query: 'up{job="cart"}', per: instance}
          # requests a second
          traffic: {source: prometheus, query: 'sum(rate(http_requests_total{job="cart"}[5m]))'}
          # share of answers with a code of 5xx; says nothing while there are no requests
          errors: {source: prometheus, query: '(sum(rate(http_requests_total{job="cart",code=~"5.."}[5m])) or sum(rate(http_requests_total{job="cart"}[5m])) * 0) / sum(rate(http_requests_total{job="cart"}[5m]))', onlyIf: {traffic: {above: 0}}}
          # the 99th percentile, in seconds
          latency: {source: prometheus, query: 'histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket{job="cart"}[5m])))', onlyIf: {traffic: {above: 0}}}
          disk-full: {source: prometheus, query: 'min by (instance) ((disk_free_ratio) and on (job) up{job="cart"})', per: instance}
          queue-too-long: {source: prometheus, query: 'max by (instance) ((queue_length) and on (job) up{job="cart"})', per: instance}
        objectives:
          # alert DiskFull fires at disk_free_ratio <= 0.1
          disk-full: {above: 0.1, for: 0s}
          # alert InstanceDown (page) fires at up{job="cart"} == 0
          instance-down: {signal: up, above: 0, for: 5m}
          # alert QueueTooLong fires at queue_length > 5
          queue-too-long: {below: 5.000000000000001, for: 2m}
        # objectives to think about: errors: {below: 1%, for: 2m}, latency: {below: 500ms, for: 5m}
        # corrections: {restart: {exec: [/usr/local/bin/restart, cart], undo: nothingToRestore}}
      checkout:
        # job checkout, 1 instance
        signals:
          up: {source: prometheus, query: 'up{job="checkout"}', per: instance}
          # requests a second
          traffic: {source: prometheus, query: 'sum(rate(http_requests_total{job="checkout"}[5m]))'}
          # share of answers with a code of 5xx; says nothing while there are no requests
          errors: {source: prometheus, query: '(sum(rate(http_requests_total{job="checkout",code=~"5.."}[5m])) or sum(rate(http_requests_total{job="checkout"}[5m])) * 0) / sum(rate(http_requests_total{job="checkout"}[5m]))', onlyIf: {traffic: {above: 0}}}
          # the 99th percentile, in seconds
          latency: {source: prometheus, query: 'histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket{job="checkout"}[5m])))', onlyIf: {traffic: {above: 0}}}
          disk-full: {source: prometheus, query: 'min by (instance) ((disk_free_ratio) and on (job) up{job="checkout"})', per: instance}
          queue-too-long: {source: prometheus, query: 'max by (instance) ((queue_length) and on (job) up{job="checkout"})', per: instance}
          slow: {source: prometheus, query: 'histogram_quantile(0.9, sum by (le) (rate(http_request_duration_seconds_bucket{job="checkout"}[5m])))', onlyIf: {traffic: {above: 0}}}
        objectives:
          # no alerting rule says for how long an instance may be down: 1m is a suggestion
          up: {above: 0, for: 1m}
          # alert DiskFull fires at disk_free_ratio <= 0.1
          disk-full: {above: 0.1, for: 0s}
          # alert QueueTooLong fires at queue_length > 5
          queue-too-long: {below: 5.000000000000001, for: 2m}
          # alert Slow fires at histogram_quantile(0.9, sum by (le) (rate(http_request_duration_seconds_bucket{job="checkout"}[5m]))) > 0.5
          slow: {below: 0.5000000000000001, for: 1m}
        # objectives to think about: errors: {below: 1%, for: 2m}, latency: {below: 500ms, for: 5m}
        # corrections: {restart: {exec: [/usr/local/bin/restart, checkout], undo: nothingToRestore}}
      team-odd-name:
        # job team/odd name, 1 instance
        signals:
          up: {source: prometheus, query: 'up{job="team/odd name"}', per: instance}
          # requests a second
          traffic: {source: prometheus, query: 'sum(rate(http_requests_total{job="team/odd name"}[5m]))'}
          # share of answers with a code of 5xx; says nothing while there are no requests
          errors: {source: prometheus, query: '(sum(rate(http_requests_total{job="team/odd name",code=~"5.."}[5m])) or sum(rate(http_requests_total{job="team/odd name"}[5m])) * 0) / sum(rate(http_requests_total{job="team/odd name"}[5m]))', onlyIf: {traffic: {above: 0}}}
          # the 99th percentile, in seconds
          latency: {source: prometheus, query: 'histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket{job="team/odd name"}[5m])))', onlyIf: {traffic: {above: 0}}}
          disk-full: {source: prometheus, query: 'min by (instance) ((disk_free_ratio) and on (job) up{job="team/odd name"})', per: instance}
          queue-too-long: {source: prometheus, query: 'max by (instance) ((queue_length) and on (job) up{job="team/odd name"})', per: instance}
        objectives:
          # no alerting rule says for how long an instance may be down: 1m is a suggestion
          up: {above: 0, for: 1m}
          # alert DiskFull fires at disk_free_ratio <= 0.1
          disk-full: {above: 0.1, for: 0s}
          # alert QueueTooLong fires at queue_length > 5
          queue-too-long: {below: 5.000000000000001, for: 2m}
        # objectives to think about: errors: {below: 1%, for: 2m}, latency: {below: 500ms, for: 5m}
        # corrections: {restart: {exec: [/usr/local/bin/restart, team-odd-name], undo: nothingToRestore}}
    # Alertmanager ALERTMANAGER calls: all (email); night (webhook).
    #   route all else: all
    #   route severity="page": night
    # hale hears of alerts when a receiver has a webhook to it, beside whoever is called today:
    #   webhook_configs: [{url: http://HALE:PORT/api/alerts/alertmanager/ID}]
    # Found, and not taken over:
    #   alert Both: it joins several expressions: disk_free_ratio < 0.2 and queue_length > 5
    #   alert Gone: it compares nothing with a number: absent(up{job="checkout"})
    #   alert Nowhere: it has no series now, so that nobody can tell which job it is about: no_such_metric > 1
    #   alert Odd: equality is a bound only of up and probe_success: queue_length == 7
    #   alert Watchdog: it compares nothing with a number: vector(1)
    "
  `);
  expect(await complaints(text)).toEqual([]);
  expect(await complaints(text.replace('mode: observe', 'mode: act'))).toEqual([]);
});

test('a second init never overwrites: it says that nothing changed, or what would', async () => {
  const path = await folder();
  const out = join(path, 'hale.yaml');
  const again = () => hale(['init', '--prometheus', prometheus.url, '--out', out, '--json']);
  expect(await again()).toMatchObject({ code: 0 });
  const text = await readFile(out, 'utf8');
  const equal = await again();
  expect(equal.code).toBe(0);
  expect(dataOf(initialised, equal).result).toBe('equal');
  const mine = text.replace('for: 5m', 'for: 10m');
  await writeFile(out, mine);
  const different = await again();
  expect(different.code).toBe(7);
  const { result, diff } = dataOf(initialised, different);
  expect(result).toBe('different');
  expect(diff.split('\n').filter((line) => /^[-+] /.test(line))).toEqual([
    '-      instance-down: {signal: up, above: 0, for: 10m}',
    '+      instance-down: {signal: up, above: 0, for: 5m}',
  ]);
  expect(await readFile(out, 'utf8')).toBe(mine);
  expect(await readdir(path)).toEqual(['hale.yaml']);
});

async function served(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test.each<[string, RequestListener, string]>([
  ['a login page', (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'), 'HTML instead of JSON'],
  ['a redirect', (_, response) => void response.writeHead(302, { location: '/login' }).end(), 'it sends elsewhere'],
  ['a refusal', (_, response) => void response.writeHead(403).end(), 'it asks for a token'],
  ['another API', (_, response) => void response.end('{"status":"success","data":{}}'), 'is it a Prometheus?'],
  ['an endless answer', (_, response) => endless(response), 'the body is larger'],
  ['silence', () => undefined, 'no whole answer within'],
])('init writes nothing when Prometheus answers with %s', async (_, listener, says) => {
  const path = await folder();
  const url = await served(listener);
  const ran = await hale(['init', '--prometheus', url, '--timeout', '1s', '--out', join(path, 'hale.yaml'), '--json']);
  expect(ran.code).toBe(5);
  expect(failureOf(ran).message).toContain(says);
  expect(await readdir(path)).toEqual([]);
});

function endless(response: Parameters<RequestListener>[1]): void {
  const chunk = Buffer.alloc(1024 * 1024, ' ');
  const more = (): void => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', more);
  more();
}

test('an Alertmanager that is none ends init, and nothing is written', async () => {
  const path = await folder();
  const url = await served((_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'));
  const ran = await hale(['init', '--prometheus', prometheus.url, '--alertmanager', url, '--out', join(path, 'hale.yaml'), '--json']);
  expect(ran.code).toBe(5);
  expect(failureOf(ran).message).toContain('Alertmanager at');
  expect(await readdir(path)).toEqual([]);
});

test('the token is read from its file, sent, and named but not copied into the configuration', async () => {
  const path = await folder();
  await writeFile(join(path, 'token'), 'sesame\n');
  const seen = new Set<string | undefined>();
  const url = await served((request, response) => {
    seen.add(request.headers.authorization);
    void fetch(new URL(request.url ?? '', prometheus.url)).then(async (answer) => response.end(await answer.text()));
  });
  const out = join(path, 'hale.yaml');
  expect(await hale(['init', '--prometheus', url, '--token-file', join(path, 'token'), '--out', out])).toMatchObject({ code: 0 });
  expect([...seen]).toEqual(['Bearer sesame']);
  const text = await readFile(out, 'utf8');
  expect(text).toContain(`prometheus: {file: ${join(path, 'token')}}`);
  expect(text).not.toContain('sesame');
});

/** Answers shaped as the API server's, in two pages; there is no cluster here. */
function clusterOf(items: readonly unknown[]): RequestListener {
  return (request, response) => {
    const url = new URL(request.url ?? '', 'http://cluster');
    const isSecond = url.searchParams.get('continue') === 'more';
    const half = Math.ceil(items.length / 2);
    const page = isSecond ? items.slice(half) : items.slice(0, half);
    const body = { kind: 'DeploymentList', apiVersion: 'apps/v1', metadata: isSecond ? {} : { continue: 'more' }, items: page };
    const isList = request.method === 'GET' && url.pathname === '/apis/apps/v1/deployments';
    response.writeHead(isList ? 200 : 405, { 'content-type': 'application/json' }).end(isList ? JSON.stringify(body) : '{}');
  };
}

const deployment = (namespace: string, name: string, metadata: object = {}): unknown => ({
  metadata: { namespace, name, ...metadata },
  spec: {},
});

async function kubeconfig(path: string, server: string): Promise<string> {
  const file = join(path, 'kubeconfig');
  await writeFile(
    file,
    `apiVersion: v1
kind: Config
current-context: lab
contexts: [{name: lab, context: {cluster: lab, user: me}}]
clusters: [{name: lab, cluster: {server: '${server}', insecure-skip-tls-verify: true}}]
users: [{name: me, user: {token: t}}]
`,
  );
  return file;
}

test('with --kubernetes a Deployment of the same name gives target, owner and dependencies; doubtful ones are named', async () => {
  const path = await folder();
  const items = [
    deployment('shop', 'checkout', {
      labels: { team: 'payments', 'argocd.argoproj.io/instance': 'shop' },
      annotations: { 'hale/depends-on': 'cart, ledger' },
    }),
    deployment('shop', 'cart'),
    deployment('test', 'cart'),
    deployment('shop', 'lonely'),
  ];
  const KUBECONFIG = await kubeconfig(path, await served(clusterOf(items)));
  const out = join(path, 'hale.yaml');
  const ran = await hale(['init', '--prometheus', prometheus.url, '--kubernetes', '--out', out, '--json'], { KUBECONFIG });
  expect(ran).toMatchObject({ code: 0 });
  const text = await readFile(out, 'utf8');
  expect(text).toContain(
    '    team: payments\n    dependsOn: [cart]\n    target: {source: cluster, deployment: shop/checkout, managedBy: argocd}\n',
  );
  expect(dataOf(initialised, ran).leftOut).toEqual(
    expect.arrayContaining([
      'job cart: 2 Deployments fit it: shop/cart, test/cart',
      'Deployment shop/lonely: no job has its name',
      'Deployment shop/checkout: hale/depends-on names ledger, which is no job here',
    ]),
  );
  expect(text).toContain(`cluster: {kubernetes: ${KUBECONFIG}}`);
  expect(await complaints(text)).toEqual([]);
});

test('a cluster that can not be asked ends init with its context, and nothing is written', async () => {
  const path = await folder();
  const KUBECONFIG = await kubeconfig(path, await served((_, response) => void response.writeHead(401).end('{}')));
  const ran = await hale(['init', '--prometheus', prometheus.url, '--kubernetes', '--out', join(path, 'hale.yaml'), '--json'], {
    KUBECONFIG,
  });
  expect(ran.code).toBe(5);
  expect(failureOf(ran).message).toContain(`the cluster of context "lab" can't be asked: status 401`);
  expect(await readdir(path)).toEqual(['kubeconfig']);
});
