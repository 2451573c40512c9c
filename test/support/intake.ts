import { inject, onTestFinished } from 'vitest';
import type pg from 'pg';
import { openIntake } from '../../adapters/postgres/intake.js';
import { webServer } from '../../client/web/server.js';
import { configured } from './configured.js';

export const alertmanagerToken = 'am-secret';
export const alertsToken = 'other-secret';
export const changesToken = 'changes-secret';

const tokens = { HALE_TEST_AM: alertmanagerToken, HALE_TEST_ALERTS: alertsToken, HALE_TEST_CHANGES: changesToken };

/** The head of a configuration with a source of each kind; their tokens are in the environment. */
export const intakeFile = (services: string, more = ''): string => `apiVersion: hale/v1
secrets: {am: {env: HALE_TEST_AM}, other: {env: HALE_TEST_ALERTS}, ci: {env: HALE_TEST_CHANGES}}
intake:
  am-prod: {accepts: alertmanager, token: am, perSecond: 1000}
  am-twin: {accepts: alertmanager, token: am, perSecond: 1000}
  script: {accepts: alerts, token: other, perSecond: 1000}
  ci: {accepts: changes, token: ci, perSecond: 1000}
${more}services:
${services}`;

export const shopService = `  shop: {signals: {up: {http: 'http://127.0.0.1:9/', every: 1s, timeout: 500ms}}, objectives: {up: {above: 0, for: 0s}}}\n`;

export interface Web {
  readonly url: string;
  readonly pool: pg.Pool;
  readonly databaseUrl: string;
  /** Ends the server now; what it keeps alive is cut. */
  readonly close: () => Promise<void>;
  /** Posts to the intake; the answer's body is read. */
  readonly post: (path: string, body: string | Uint8Array, headers?: Readonly<Record<string, string>>) => Promise<Answer>;
  /** Posts alerts as Alertmanager's webhook does. */
  readonly fire: (alerts: readonly unknown[], more?: Readonly<Record<string, unknown>>, source?: string) => Promise<Answer>;
}

interface AnswerBody {
  readonly kept?: number;
  readonly known?: number;
  readonly refused: readonly { readonly alert: number; readonly status: number; readonly hint: string }[];
  readonly warnings: readonly string[];
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: AnswerBody;
}

/** hale's web server in this process, over a real database of this test's own, listening on a free port; `route` leads it there another way. */
export async function webOn(
  file: string = intakeFile(shopService),
  route?: (databaseUrl: string) => Promise<string>,
  requestMs?: number,
): Promise<Web> {
  for (const [name, token] of Object.entries(tokens)) process.env[name] = token;
  const { pool } = await configured(file);
  const databaseUrl = pool.options.connectionString ?? inject('postgresUrl');
  const intake = openIntake(route === undefined ? databaseUrl : await route(databaseUrl));
  const server = webServer(intake, requestMs);
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(async () => {
    await server.close();
    await intake.close();
  });
  const post: Web['post'] = async (path, body, headers = {}) => {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${alertmanagerToken}`, ...headers },
    });
    return { status: response.status, headers: response.headers, body: (await response.json()) as AnswerBody };
  };
  return {
    url,
    pool,
    databaseUrl,
    close: () => server.close(),
    post,
    fire: (alerts, more = {}, source = 'am-prod') =>
      post(`/api/alerts/alertmanager/${source}`, JSON.stringify({ version: '4', groupKey: '{}:{}', alerts, ...more })),
  };
}

/** One alert as Alertmanager sends it. */
export const alert = (changed: Readonly<Record<string, unknown>> = {}, labels: Readonly<Record<string, unknown>> = {}) => ({
  status: 'firing',
  labels: { alertname: 'ShopDown', service: 'shop', severity: 'critical', ...labels },
  annotations: { summary: 'the shop is down' },
  startsAt: new Date(Date.now() - 30_000).toISOString(),
  endsAt: '0001-01-01T00:00:00Z',
  generatorURL: 'http://prometheus/graph',
  fingerprint: 'f00',
  ...changed,
});

export interface KeptAlert {
  readonly source: string;
  readonly status: string;
  readonly state: string;
  readonly why: string | null;
  /** `service/instance`, `-` where there is none. */
  readonly about: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly starts_at: Date;
}

export const kept = async (pool: pg.Pool): Promise<KeptAlert[]> => (await pool.query<KeptAlert>('select * from alerts order by id')).rows;
