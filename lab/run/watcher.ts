import { join } from 'node:path';
import { type Child, startChild } from '../child.js';
import { paths, type Site } from '../site/site.js';
import { type Probed, readProbes } from './judge.js';

/** The probe of one site, while it runs. */
export interface Watcher {
  /** What it has seen so far; answers still outstanding are missing. */
  seen(): Promise<Probed[]>;
  end(): Promise<void>;
}

export async function startProbe(site: Site): Promise<Watcher> {
  const file = join(site.folder, 'probes.txt');
  const child: Child = await startChild('probe.js', [String(site.ports.shop), file], paths.log(site, 'probe'));
  return { seen: () => readProbes(file), end: () => child.end() };
}
