import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { withHale, type RunningHale } from '../../support/acceptance/hale.js';
import { loopbackServer, type LoopbackServer } from '../../support/acceptance/server.js';
import type { Measured } from '../../support/acceptance/step.js';
import { startPrometheus } from '../../support/debian-prometheus.js';
import { startPager } from '../../support/pager.js';

const groupWaitSeconds = 15;

export const title = 'the pager works without hale';
export const bound = `real Prometheus and Alertmanager by the example, ${groupWaitSeconds} s for 4 min: healed in time, no page; hale killed, a page`;

export async function run(): Promise<Measured> {
  const healed = await outage(async () => undefined);
  const killed = await outage(kill);
  const dead = killed.pages.find(({ at }) => at > killed.brokenAt);
  return {
    value: `healed by hale ${seconds(healed.repairedAt, healed.brokenAt)} s after it broke: ${healed.pages.length} pages; hale killed: ${killed.pages.length} pages, the first after ${seconds(dead?.at, killed.brokenAt)} s`,
    ok: healed.pages.length === 0 && dead !== undefined,
    hitEnough: healed.repairedAt !== undefined && healed.alerted && killed.repairedAt === undefined && killed.alerted,
    evidence: JSON.stringify({ healed, killed }),
  };
}

const seconds = (later: number | undefined, earlier: number): string =>
  later === undefined ? '-' : ((later - earlier) / 1_000).toFixed(1);

interface Outage {
  readonly brokenAt: number;
  /** When hale's correction arrived. */
  readonly repairedAt: number | undefined;
  /** Whether Alertmanager heard of it. */
  readonly alerted: boolean;
  readonly pages: readonly { readonly at: number; readonly text: string }[];
}

/** A service breaks for real, under a real Prometheus and a real Alertmanager; seen for three times the pager's patience. */
async function outage(before: (hale: RunningHale) => Promise<void>): Promise<Outage> {
  const folder = await mkdtemp(join(tmpdir(), 'hale-acceptance-pager-'));
  const pages: { at: number; text: string }[] = [];
  const pager = await loopbackServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      pages.push({ at: Date.now(), text: Buffer.concat(chunks).toString('utf8').slice(0, 200) });
      response.writeHead(202).end('{}');
    });
  });
  const shop = await breakableShop();
  await writeFile(join(folder, 'token'), 'acceptance-token');
  try {
    return await withHale(configuration(shop.server.url, folder), async (hale) => {
      const am = await startPager({
        hale: `${await webUrl(hale)}/api/alerts/alertmanager/am`,
        token: 'acceptance-token',
        pager: pager.url,
        folder,
        groupWaitSeconds,
      });
      const prometheus = await startPrometheus(prometheusFor(shop.server.url, am.url));
      try {
        await until(async () => (await hale.status()).services.every(({ state }) => state === 'ok'));
        await until(async () => (await upIn(prometheus.url)) === '1');
        await before(hale);
        const brokenAt = shop.breakNow();
        await until(async () => (await alertsOf(am.url)) > 0);
        await wait(groupWaitSeconds * 3_000);
        return { brokenAt, repairedAt: shop.repairedAt(), alerted: true, pages };
      } finally {
        await prometheus.stop();
        await am.stop();
      }
    });
  } finally {
    await Promise.all([pager.close(), shop.server.close()]);
    await rm(folder, { recursive: true });
  }
}

const configuration = (url: string, folder: string): string => `apiVersion: hale/v1
secrets: {am: {file: ${join(folder, 'token')}}}
intake: {am: {accepts: alertmanager, token: am}}
services:
  shop:
    signals: {up: {http: '${url}/health', every: 1s, timeout: 900ms}}
    objectives: {up: {above: 0, for: 2s, hold: 3s}}
    corrections:
      repair: {http: '${url}/repair', method: POST, undo: nothingToRestore, repeatable: true, mode: act, within: 10s, hold: 3s}
`;

const prometheusFor = (shop: string, alertmanager: string): Parameters<typeof startPrometheus>[0] => ({
  config: `global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [rules.yml]
alerting: {alertmanagers: [{static_configs: [{targets: ['${new URL(alertmanager).host}']}]}]}
scrape_configs: [{job_name: shop, static_configs: [{targets: ['${new URL(shop).host}']}]}]
`,
  files: {
    'rules.yml': `groups: [{name: shop, rules: [{alert: ShopDown, expr: shop_up == 0, labels: {service: shop, severity: critical}}]}]\n`,
  },
});

interface Shop {
  readonly server: LoopbackServer;
  readonly breakNow: () => number;
  readonly repairedAt: () => number | undefined;
}

async function breakableShop(): Promise<Shop> {
  let isBroken = false;
  let repairedAt: number | undefined;
  const server = await loopbackServer((request, response) => {
    if (request.url === '/metrics')
      return void response.writeHead(200, { 'content-type': 'text/plain' }).end(`shop_up ${isBroken ? 0 : 1}\n`);
    if (request.url === '/repair') {
      isBroken = false;
      repairedAt = Date.now();
    }
    response.writeHead(isBroken ? 500 : 200).end();
  });
  const breakNow = (): number => {
    isBroken = true;
    return Date.now();
  };
  return { server, breakNow, repairedAt: () => repairedAt };
}

/** Every process of this hale, at once, as a machine that dies. */
async function kill(hale: RunningHale): Promise<void> {
  for (const { pid } of (await hale.status()).processes.toSorted((one) => (one.role === 'main' ? -1 : 1))) process.kill(pid, 'SIGKILL');
}

/** Said when all of hale is up, which is a little after its workers are. */
async function webUrl({ state }: RunningHale): Promise<string> {
  let url: string | null = null;
  await until(async () => {
    const run = JSON.parse(await readFile(join(state, 'run.json'), 'utf8')) as { readonly web: { readonly url: string | null } };
    url = run.web.url;
    return url !== null;
  });
  return String(url);
}

async function upIn(prometheus: string): Promise<string | undefined> {
  const { data } = (await (await fetch(`${prometheus}/api/v1/query?query=shop_up`)).json()) as {
    data: { result: { value: [number, string] }[] };
  };
  return data.result[0]?.value[1];
}

const alertsOf = async (alertmanager: string): Promise<number> =>
  ((await (await fetch(`${alertmanager}/api/v2/alerts`)).json()) as unknown[]).length;

async function until(holds: () => Promise<boolean>): Promise<void> {
  const limit = Date.now() + 90_000;
  while (!(await holds())) {
    if (Date.now() > limit) throw new Error('waited for 90 s in vain');
    await wait(250);
  }
}
