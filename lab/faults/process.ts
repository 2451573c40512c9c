import type { Site } from '../site/site.js';
import { tell } from '../supervisor/control.js';
import type { Fault } from './fault.js';

async function signalShop(site: Site, signal: 'SIGKILL' | 'SIGSTOP'): Promise<void> {
  const { pid } = await tell(site.ports.supervisor, { verb: 'status', unit: site.service });
  if (pid === undefined) throw new Error(`${site.service} does not run, so it can't get ${signal}`);
  process.kill(pid, signal);
}

/** The process is gone and nobody starts it again. */
export const kill: Fault = { repairedBy: ['restart'], inject: (site) => signalShop(site, 'SIGKILL') };

/** The process is there, its port accepts connections, nothing answers. */
export const hang: Fault = { repairedBy: ['restart'], inject: (site) => signalShop(site, 'SIGSTOP') };
