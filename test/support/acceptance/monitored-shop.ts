import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, chmod, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DebianServer } from '../debian-prometheus.js';
import { command } from './command.js';
import { withHale, type RunningHale } from './hale.js';
import { EVERY_S, monitor, TOKEN, type Monitoring } from './monitoring.js';

/** The lab's shop under the eyes of a real Prometheus, whose alerts a real Alertmanager sends to a hale of its own. */
export interface MonitoredShop {
  readonly hale: RunningHale;
  readonly service: string;
  /** Kills the shop right after hale has looked, so that the alert is there before hale looks again. */
  readonly breakIt: () => Promise<void>;
  readonly ask: Monitoring['ask'];
}

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
      const { ask, bothHaveLooked } = await monitor(hale, site.service, site.ports.shop, servers);
      const breakIt = async (): Promise<void> => {
        await bothHaveLooked();
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
