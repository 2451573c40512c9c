import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { faults, type FaultName } from './faults/faults.js';
import { openSite, type OpenSite, reopenSite } from './site/open.js';
import { loadSite, paths } from './site/site.js';

/** Where the demonstration lives inside hale's state folder. */
const folderOf = (state: string): string => join(state, 'lab');

/**
 * Starts the demonstration, or goes on with the one that is there, broken or not, and prints where it is. Runs until it is told
 * to end or, when another process started it, until that one is gone.
 */
export async function demo(state: string, seed: number): Promise<void> {
  const folder = folderOf(state);
  const open = existsSync(paths.facts(folder)) ? await reopenSite(folder) : await openSite(folder, seed, 'right');
  const { ports } = open.site;
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${ports.shop}/orders`, config: paths.haleYaml(open.site) })}\n`);
  await told();
  await end(open);
}

function told(): Promise<void> {
  return new Promise((done) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.once(signal, () => done());
  });
}

async function end(open: OpenSite): Promise<void> {
  await open.close();
  if (process.connected) process.disconnect();
}

/** Breaks the demonstration and prints when. */
export async function breakDemo(state: string, fault: FaultName): Promise<void> {
  const site = await loadSite(folderOf(state));
  const injectedAt = Date.now();
  await faults[fault].inject(site);
  process.stdout.write(`${JSON.stringify({ fault, service: site.service, injectedAt })}\n`);
}
