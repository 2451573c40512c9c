/**
 * The shop: a small HTTP service with a pool of five connections. A release is this file beside one `orders.js`; which one
 * decides whether the release is sound. Started as `node server.js CONFIG`.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import pg from 'pg';
import type { Answer, ShopConfig } from './contract.js';
import { answerOrders } from './orders.js';

const config = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as ShopConfig;
const pool = new pg.Pool({
  host: '127.0.0.1',
  port: config.database.port,
  database: config.database.name,
  user: config.database.user,
  password: config.database.password,
  max: 5,
  connectionTimeoutMillis: 1_000,
  application_name: 'shop',
});
pool.on('error', () => undefined);
const served = { requests: 0, errors: 0 };

async function health(): Promise<Answer> {
  await pool.query(`select quantity from ${config.table} limit 1`);
  return [200, 'ok\n'];
}

const metrics = (): Answer => [
  200,
  `# TYPE shop_requests_total counter
shop_requests_total ${served.requests}
# TYPE shop_errors_total counter
shop_errors_total ${served.errors}
# TYPE shop_pool_waiting gauge
shop_pool_waiting ${pool.waitingCount}
`,
];

async function answer(method: string, path: string): Promise<Answer> {
  if (path === '/metrics') return metrics();
  if (path === '/health') return health().catch((error: Error) => [503, `${error.message}\n`]);
  if (!path.startsWith('/orders')) return [404, 'not found\n'];
  served.requests += 1;
  return answerOrders(pool, config.table, method).catch((error: Error) => {
    served.errors += 1;
    return [500, `${error.message}\n`];
  });
}

createServer((request, response) => {
  void answer(request.method ?? 'GET', request.url ?? '/').then(([status, body]) => {
    response.writeHead(status, { 'content-type': 'text/plain' });
    response.end(body);
  });
}).listen(config.port, '127.0.0.1', 511, () => process.stdout.write(`serving on ${config.port}\n`));
