import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Child, startChild } from '../child.js';
import { endOrphan } from '../orphan.js';
import { tell } from '../supervisor/control.js';
import type { SupervisorSettings } from '../supervisor/main.js';
import { buildRelease, linkPackages, switchTo, writeShopConfig } from './releases.js';
import { loadSite, paths, planSite, saveSite, type Site } from './site.js';
import { fill, templateFor, type First } from './template.js';

export interface OpenSite {
  readonly site: Site;
  close(): Promise<void>;
}

/** Builds a lab in an empty folder and starts it; returns once the shop answers. */
export async function openSite(folder: string, seed: number, first: First): Promise<OpenSite> {
  await rm(folder, { recursive: true, force: true });
  const site = await planSite(folder, seed);
  await lay(site);
  await writeFile(paths.haleYaml(site), fill(templateFor(first), site));
  const open = await startAll(site);
  await untilServing(site).catch(async (error: unknown) => {
    await open.close();
    throw error;
  });
  return open;
}

/** Starts a lab that was there before, with whatever is broken in it. */
export async function reopenSite(folder: string): Promise<OpenSite> {
  const site = await loadSite(folder);
  await endOrphan(paths.postmaster(site), paths.data(site), 'SIGQUIT'); // Immediate shutdown: its backends go first.
  await endOrphan(paths.pidFile(site), site.config, 'SIGKILL');
  return startAll(site);
}

async function startAll(site: Site): Promise<OpenSite> {
  const children: Child[] = [];
  const close = async (): Promise<void> => {
    for (const child of children.reverse()) await child.end();
  };
  try {
    for await (const child of processes(site)) children.push(child);
    return { site, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function* processes(site: Site): AsyncGenerator<Child> {
  const { shop, supervisor, traffic } = site.ports;
  yield await startChild('site/database.js', [site.folder], paths.log(site, 'lab'));
  yield await startChild('supervisor/main.js', [paths.supervisorSettings(site)], paths.log(site, 'supervisor'));
  await tell(supervisor, { verb: 'start', unit: site.service });
  yield await startChild('traffic.js', [String(shop), String(traffic)], paths.log(site, 'traffic'));
}

async function lay(site: Site): Promise<void> {
  const files = [paths.ledger(site), paths.log(site, ''), paths.passwordFile(site), paths.releases(site)];
  for (const file of files) await mkdir(dirname(file), { recursive: true });
  await mkdir(paths.releases(site), { recursive: true });
  await chmod(site.folder, 0o755); // As root PostgreSQL runs as another user.
  await writeFile(paths.passwordFile(site), site.database.password, { mode: 0o600 });
  await linkPackages(site);
  await buildRelease(site, site.releases.older, 'sound');
  await buildRelease(site, site.releases.good, 'sound');
  await switchTo(site, site.releases.good);
  await writeShopConfig(site, site.ports.database);
  await writeFile(paths.supervisorSettings(site), JSON.stringify(supervisorSettings(site), null, 2));
  await saveSite(site);
}

/** The heap is small so that a leak ends the shop in seconds. */
const supervisorSettings = (site: Site): SupervisorSettings => ({
  unit: site.service,
  port: site.ports.supervisor,
  script: `${site.link}/server.js`,
  args: [site.config],
  nodeOptions: ['--max-old-space-size=64'],
  ledger: paths.ledger(site),
  pidFile: paths.pidFile(site),
  log: paths.log(site, 'shop'),
});

const patienceMs = 15_000;

async function untilServing(site: Site): Promise<void> {
  const giveUpAt = Date.now() + patienceMs;
  for (;;) {
    const health = await fetch(`http://127.0.0.1:${site.ports.shop}/health`).catch(() => undefined);
    if (health?.ok) return;
    if (Date.now() > giveUpAt) throw new Error(`the shop did not answer within 15 s; its output is in ${paths.log(site, 'shop')}`);
    await new Promise((again) => setTimeout(again, 50));
  }
}
