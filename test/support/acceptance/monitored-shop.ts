import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, chmod, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { startAlertmanager, startPrometheus, type DebianServer } from '../debian-prometheus.js';
import { command } from './command.js';
import { withHale, type RunningHale } from './hale.js';

/** The lab's shop under the eyes of a real Prometheus, whose alerts a real Alertmanager sends to a hale of its own. */
export interface MonitoredShop {
  readonly hale: RunningHale;
  readonly service: string;
  /** Kills the shop right after hale has looked, so that the alert is there before hale looks again. */
  readonly breakIt: () => Promise<void>;
  /** Data of a `hale` command with --json. */
  readonly ask: <T>(...words: readonly string[]) => Promise<T>;
}

const TOKEN = 'token-of-alertmanager';
/** hale itself looks so rarely that the alert comes first. */
const EVERY_S = 3;

interface Site {
  readonly service: string;
  readonly ports: { readonly shop: number; readonly supervisor: number };
}

export async function withMonitoredShop<T>(use: (shop: MonitoredShop) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'hale-monitored-'));
  await chmod(folder, 0o755); // As root PostgreSQL runs as another user.
  const lab = spawn(process.execPath, ['dist/lab/main.js', 'demo', '--state', folder, '--seed', '7'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const servers: DebianServer[] = [];
  try {
    await once(lab.stdout, 'data');
    const site = JSON.parse(await readFile(join(folder, 'lab', 'site.json'), 'utf8')) as Site;
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, TOKEN);
    return await withHale(configurationOf(site, tokenFile), async (hale) => {
      const { web } = await hale.status();
      servers.push(await startAlertmanager({ config: alertmanagerConfig(`${web.url}/api/alerts/alertmanager/am-prod`) }));
      servers.push(await startPrometheus(prometheusOptions(site, servers[0]?.url ?? '')));
      const ask = async <D>(...words: readonly string[]): Promise<D> => {
        const { output } = await command('node', ['bin/hale.mjs', ...words, '--json', '--state', hale.state], process.cwd());
        return (JSON.parse(output.slice(output.indexOf('{'))) as { data: D }).data;
      };
      const breakIt = async (): Promise<void> => {
        await bothSeeIt(servers[1]?.url ?? '', site);
        await haleHasLooked(web.url);
        await command('node', ['dist/lab/main.js', 'break', 'kill', '--state', folder], process.cwd());
      };
      return use({ hale, service: site.service, ask, breakIt });
    });
  } finally {
    for (const server of servers) await server.stop();
    await ended(lab);
    await rm(folder, { recursive: true, force: true });
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
}

function configurationOf({ service, ports }: Site, tokenFile: string): string {
  const ctl = (verb: string): string =>
    `[${process.execPath}, ${join(process.cwd(), 'dist/lab/supervisor/ctl.js')}, ${ports.supervisor}, ${verb}, ${service}]`;
  return `apiVersion: hale/v1
secrets: {am: {file: ${tokenFile}}}
intake: {am-prod: {accepts: alertmanager, token: am}}
services:
  ${service}:
    alerts: ['job="${service}"']
    signals: {up: {http: 'http://127.0.0.1:${ports.shop}/health', every: ${EVERY_S}s, timeout: 2s, expect: {status: 200, body: '^ok'}}}
    objectives: {up: {above: 0, for: 0s, hold: ${3 * EVERY_S}s}}
    corrections:
      restart:
        exec: ${ctl('restart')}
        verify: ${ctl('did')}
        repeatable: true
        undo: nothingToRestore
        mode: act
`;
}

const prometheusOptions = ({ service, ports }: Site, alertmanager: string) => ({
  config: `global: {scrape_interval: 500ms, scrape_timeout: 400ms, evaluation_interval: 500ms}
rule_files: [rules.yml]
alerting: {alertmanagers: [{static_configs: [{targets: ['${alertmanager.replace('http://', '')}']}]}]}
scrape_configs: [{job_name: ${service}, static_configs: [{targets: ['127.0.0.1:${ports.shop}']}]}]
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

async function bothSeeIt(prometheus: string, { service }: Site): Promise<void> {
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
