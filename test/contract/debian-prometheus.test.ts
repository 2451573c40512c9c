import { expect, onTestFinished, test } from 'vitest';
import { promqlMeter } from '../../adapters/prometheus/promql.js';
import { prometheusSources } from '../../adapters/prometheus/sources.js';
import { startAlertmanager, startPrometheus } from '../support/debian-prometheus.js';
import { serve } from '../support/listen.js';

test('a real Prometheus answers the promql meter, and keeps blocks of last month', async () => {
  const then = Math.floor(Date.now() / 1_000) - 30 * 86_400;
  const openMetrics = `# TYPE errors gauge\nerrors{job="shop"} 0.25 ${then}\n# EOF\n`;
  const prometheus = await startPrometheus({ config: 'scrape_configs: []', openMetrics });
  onTestFinished(prometheus.stop);

  const [reading] = await promqlMeter(prometheusSources()).read(
    [
      {
        service: 'shop',
        signal: {
          kind: 'promql',
          name: 'errors',
          source: { name: 'prom', url: prometheus.url, refreshMs: 0, queriesPerSecondMax: 100 },
          query: `errors{job="shop"} @ ${then}`,
          everyMs: 1_000,
          timeoutMs: 5_000,
          perInstance: false,
          staleAfterMs: 60_000,
        },
      },
    ],
    new AbortController().signal,
  );

  expect(reading).toMatchObject({ value: 0.25 });
});

test('a real Alertmanager sends what fires to its webhook', async () => {
  const bodies: string[] = [];
  let received: () => void;
  const delivery = new Promise<void>((resolve) => (received = resolve));
  const webhook = await serve((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      bodies.push(body);
      response.end();
      received();
    });
  });
  const alertmanager = await startAlertmanager({
    config: `{route: {receiver: r, group_wait: 0s}, receivers: [{name: r, webhook_configs: [{url: '${webhook}/'}]}]}`,
  });
  onTestFinished(alertmanager.stop);

  const alert = { labels: { alertname: 'ShopDown', service: 'shop' } };
  await fetch(`${alertmanager.url}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([alert]),
  });
  await delivery;

  expect(JSON.parse(bodies[0] ?? '')).toMatchObject({ version: '4', alerts: [{ status: 'firing', ...alert }] });
});
