import { setTimeout as wait } from 'node:timers/promises';
import type { Incident, IncidentDetail } from '../../../contracts/cli.js';
import { startAlertmanager, startPrometheus, type DebianServer } from '../debian-prometheus.js';
import { command } from './command.js';
import type { RunningHale } from './hale.js';

/** A real Prometheus that scrapes one service, whose alerts a real Alertmanager sends to a hale of its own. */
export interface Monitoring {
  /** Data of a `hale` command with --json. */
  readonly ask: <T>(...words: readonly string[]) => Promise<T>;
  /** Ends when Prometheus has the service for up and hale has just looked: a fault now is seen by Prometheus first. */
  readonly bothHaveLooked: () => Promise<void>;
}

export const TOKEN = 'token-of-alertmanager';
/** hale itself looks so rarely that the alert comes first. */
export const EVERY_S = 3;

/** The servers that were started are added to `servers`, for whoever ends them. */
export async function monitor(hale: RunningHale, service: string, port: number, servers: DebianServer[]): Promise<Monitoring> {
  const { web } = await hale.status();
  const alertmanager = await startAlertmanager({ config: alertmanagerConfig(`${web.url}/api/alerts/alertmanager/am-prod`) });
  servers.push(alertmanager);
  const prometheus = await startPrometheus(prometheusOptions(service, port, alertmanager.url));
  servers.push(prometheus);
  return {
    ask: async <D>(...words: readonly string[]): Promise<D> => {
      const { output } = await command('node', ['bin/hale.mjs', ...words, '--json', '--state', hale.state], process.cwd());
      return (JSON.parse(output.slice(output.indexOf('{'))) as { data: D }).data;
    },
    bothHaveLooked: async () => {
      await bothSeeIt(prometheus.url, service);
      await haleHasLooked(web.url);
    },
  };
}

const prometheusOptions = (service: string, port: number, alertmanager: string) => ({
  config: `global: {scrape_interval: 500ms, scrape_timeout: 400ms, evaluation_interval: 500ms}
rule_files: [rules.yml]
alerting: {alertmanagers: [{static_configs: [{targets: ['${alertmanager.replace('http://', '')}']}]}]}
scrape_configs: [{job_name: ${service}, static_configs: [{targets: ['127.0.0.1:${port}']}]}]
`,
  files: {
    'rules.yml': `groups: [{name: shop, rules: [{alert: ShopDown, expr: 'up{job="${service}"} == 0', labels: {severity: critical}}]}]\n`,
  },
});

const alertmanagerConfig = (url: string): string => `route: {receiver: hale, group_wait: 0s, group_interval: 1s}
receivers:
  - name: hale
    webhook_configs: [{url: '${url}', max_alerts: 500, http_config: {authorization: {credentials: ${TOKEN}}}}]
`;

async function bothSeeIt(prometheus: string, service: string): Promise<void> {
  const query = `${prometheus}/api/v1/query?query=${encodeURIComponent(`up{job="${service}"} == 1`)}`;
  for (;;) {
    const { data } = (await (await fetch(query)).json()) as { data: { result: unknown[] } };
    if (data.result.length === 1) return;
    await wait(100);
  }
}

/** Awaits the next reading, as hale's own metrics tell it. */
async function haleHasLooked(web: string): Promise<void> {
  const first = await lastReading(web);
  for (let now = first; now === first; now = await lastReading(web)) await wait(50);
}

async function lastReading(web: string): Promise<string | undefined> {
  const text = await (await fetch(`${web}/metrics`)).text();
  return /^hale_watch_last_reading_timestamp_seconds (\S+)$/m.exec(text)?.[1];
}

/** One fault, from when it was made to the end of its incident. */
export interface Round {
  readonly outcome: string | null;
  /** What started the cycle. */
  readonly by: string | undefined;
  readonly attempts: string;
  readonly seconds: number;
}

const giveUpSeconds = 120;

/** Watches the newest incident to its end, from a fault that was just made. */
export async function incidentToItsEnd(ask: Monitoring['ask']): Promise<Round> {
  const began = performance.now();
  const seconds = (): number => (performance.now() - began) / 1000;
  let newest: Incident | undefined;
  while ((newest === undefined || newest.endedAt === null) && seconds() < giveUpSeconds) {
    await wait(250);
    [newest] = await ask<Incident[]>('incidents');
  }
  const detail = newest && (await ask<IncidentDetail>('incidents', newest.id));
  return {
    outcome: newest?.outcome ?? null,
    by: detail?.cycles[0]?.by,
    attempts: (newest?.attempts ?? []).map(({ correction, verdict }) => `${correction} ${verdict}`).join(', '),
    seconds: seconds(),
  };
}
