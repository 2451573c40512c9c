/**
 * Open-loop load and the customers' view of the shop: 60 requests a second whatever becomes of the earlier ones, each given up
 * after 1.5 s. Tells the share that failed on /metrics. Started as `traffic.js SHOP_PORT METRICS_PORT`.
 */
import { Agent, createServer, request } from 'node:http';
import { readyUntilTold } from './child.js';

const ratePerSecond = 60;
const timeoutMs = 1_500;
const windowMs = 6_000;

const [shopPort, metricsPort] = process.argv.slice(2).map(Number);
const agent = new Agent({ keepAlive: true });
const recent: { readonly at: number; readonly failed: boolean }[] = [];
const total = { requests: 0, failures: 0 };

function ended(failed: boolean): void {
  total.requests += 1;
  total.failures += failed ? 1 : 0;
  recent.push({ at: Date.now(), failed });
}

function send(): void {
  const method = sentSoFar % 5 === 0 ? 'POST' : 'GET';
  const sent = request({ host: '127.0.0.1', port: shopPort, path: '/orders', method, agent }, (response) => {
    response.resume();
    response.on('close', () => finish(response.statusCode !== 200 || !response.complete));
  });
  const patience = setTimeout(() => sent.destroy(new Error('timed out')), timeoutMs);
  let open = true;
  const finish = (failed: boolean): void => {
    if (!open) return;
    open = false;
    clearTimeout(patience);
    ended(failed);
  };
  sent.on('error', () => finish(true));
  sent.end();
}

function metrics(): string {
  while (recent[0] !== undefined && recent[0].at < Date.now() - windowMs) recent.shift();
  const share = recent.length === 0 ? [] : [`traffic_failed_share ${recent.filter((each) => each.failed).length / recent.length}`];
  return [
    '# TYPE traffic_requests_total counter',
    `traffic_requests_total ${total.requests}`,
    '# TYPE traffic_failures_total counter',
    `traffic_failures_total ${total.failures}`,
    '# HELP traffic_failed_share Failed requests as a share of those ended in the last 6 s; absent when none ended.',
    '# TYPE traffic_failed_share gauge',
    ...share,
    '',
  ].join('\n');
}

const began = Date.now();
let sentSoFar = 0;
const pace = setInterval(() => {
  const due = Math.floor(((Date.now() - began) * ratePerSecond) / 1_000);
  for (; sentSoFar < due; sentSoFar += 1) send();
}, 1_000 / ratePerSecond);

const server = createServer((_, response) => {
  response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' });
  response.end(metrics());
});
server.listen(metricsPort, '127.0.0.1', () =>
  readyUntilTold(async () => {
    clearInterval(pace);
    server.close();
    agent.destroy();
  }),
);
