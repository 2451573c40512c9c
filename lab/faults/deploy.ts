import { buildRelease, type Soundness, switchTo, writeShopConfig } from '../site/releases.js';
import type { Site } from '../site/site.js';
import { tell } from '../supervisor/control.js';
import type { Fault } from './fault.js';

const nobodyListens = 9;

async function deploy(site: Site, soundness: Soundness): Promise<void> {
  await buildRelease(site, site.releases.next, soundness);
  await switchTo(site, site.releases.next);
  // Without a gap, as deploys are done: what is seen of it must be the defect.
  await tell(site.ports.supervisor, { verb: 'replace', unit: site.service });
}

/** A new configuration names a database port on which nobody listens. */
export const badConfig: Fault = {
  repairedBy: ['last-good-config'],
  inject: async (site) => {
    await writeShopConfig(site, nobodyListens);
    await tell(site.ports.supervisor, { verb: 'restart', unit: site.service });
  },
};

/** A new release throws on one request in three; its health check is green. */
export const badRelease: Fault = {
  repairedBy: ['last-good-release', 'previous-release'],
  inject: (site) => deploy(site, 'throwing'),
};

/** A new release leaks; the supervisor starts it again each time, so that it is green between its crashes. */
export const memoryLeak: Fault = {
  repairedBy: ['last-good-release', 'previous-release'],
  inject: async (site) => {
    await tell(site.ports.supervisor, { verb: 'revive-on', unit: site.service });
    await deploy(site, 'leaking');
  },
};
