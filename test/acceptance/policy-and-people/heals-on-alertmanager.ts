import { withMonitoredShop } from '../../support/acceptance/monitored-shop.js';
import { incidentToItsEnd, type Round } from '../../support/acceptance/monitoring.js';
import type { Measured } from '../../support/acceptance/step.js';

export const title = 'an alert of a real Prometheus, sent by a real Alertmanager, starts the cycle that repairs the shop';
export const bound = 'every killed shop is healed by its restart, in a cycle that the alert started, and by one action';

export async function run(full: boolean): Promise<Measured> {
  const wanted = full ? 5 : 1;
  const rounds: Round[] = [];
  for (let round = 0; round < wanted; round += 1)
    rounds.push(
      await withMonitoredShop(async ({ breakIt, ask }) => {
        await breakIt();
        return incidentToItsEnd(ask);
      }),
    );
  const good = rounds.filter(
    ({ outcome, by, attempts }) => outcome === 'healed' && by === 'alert from am-prod' && attempts === 'restart held',
  );
  return {
    value: `${good.length} of ${wanted} healed, ${rounds.map(({ seconds }) => `${seconds.toFixed(1)} s`).join(', ')} from kill to the end of the hold window`,
    ok: good.length === wanted,
    // Where hale looked first itself, the chain was not put to the test.
    hitEnough: rounds.every(({ by }) => by !== 'watch'),
    evidence: rounds.map((round) => JSON.stringify(round)).join('\n'),
  };
}
