import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { faults, type FaultName } from './faults/faults.js';
import { goodBound, isGood, type Share, shareOf } from './run/judge.js';
import { startProbe, type Watcher } from './run/watcher.js';
import { openSite } from './site/open.js';
import { switchTo, writeShopConfig } from './site/releases.js';
import type { Site } from './site/site.js';
import { tell } from './supervisor/control.js';

/** What the probe saw, without hale, around one fault. */
export interface Proof {
  readonly fault: FaultName;
  readonly seed: number;
  readonly before: Share;
  readonly broken: Share;
  /** After a restart, which does not help here; absent where a restart is the repair. */
  readonly restarted?: Share;
  readonly repaired: Share;
  readonly holds: boolean;
}

const restart = (site: Site) => tell(site.ports.supervisor, { verb: 'restart', unit: site.service });

async function endBlocker({ database, ports }: Site): Promise<void> {
  const { name, password } = database;
  const client = new pg.Client({ host: '127.0.0.1', port: ports.database, database: name, user: 'hale', password });
  await client.connect();
  await client.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'report'`);
  await client.end();
}

async function rollBack(site: Site): Promise<void> {
  await switchTo(site, site.releases.good);
  await restart(site);
}

/** The repairs, done by hand. */
const repairs: Readonly<Record<FaultName, (site: Site) => Promise<unknown>>> = {
  kill: restart,
  hang: restart,
  'bad-config': async (site) => {
    await writeShopConfig(site, site.ports.database);
    await restart(site);
  },
  'bad-release': rollBack,
  'memory-leak': rollBack,
  'lock-queue': endBlocker,
};

const phaseMs = 5_000;
const settleMs = 1_500;

/** Shows that a fault bites, that a restart does not hide it where it should not, and that its repair works. */
export async function prove(fault: FaultName, seed: number): Promise<Proof> {
  const folder = await mkdtemp(join(tmpdir(), 'hale-lab-'));
  const open = await openSite(folder, seed, 'right');
  const probe = await startProbe(open.site);
  try {
    const before = await phase(probe, async () => undefined);
    const broken = await phase(probe, () => faults[fault].inject(open.site));
    const curedByRestart: boolean = faults[fault].repairedBy.some((name) => name === 'restart');
    const restarted = curedByRestart ? undefined : await phase(probe, () => restart(open.site));
    const repaired = await phase(probe, () => repairs[fault](open.site));
    const bad = [broken, ...(restarted === undefined ? [] : [restarted])];
    const holds = isGood(before, goodBound) && isGood(repaired, goodBound) && !bad.some((share) => isGood(share, goodBound));
    return { fault, seed, before, broken, ...(restarted === undefined ? {} : { restarted }), repaired, holds };
  } finally {
    await probe.end();
    await open.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Does something, and tells how the probe fared once that had settled. */
async function phase(probe: Watcher, act: () => Promise<unknown>): Promise<Share> {
  await act();
  await sleep(settleMs);
  const from = Date.now();
  await sleep(phaseMs);
  const to = Date.now();
  await sleep(1_000); // A probe waits a second for its answer.
  return shareOf(await probe.seen(), from, to);
}
