import { setTimeout as wait } from 'node:timers/promises';
import type { Incident, IncidentDetail } from '../../../contracts/cli.js';
import { withMonitoredShop, type MonitoredShop } from '../../support/acceptance/monitored-shop.js';
import type { Measured } from '../../support/acceptance/step.js';

const giveUpSeconds = 120;

export const title = 'an alert of a real Prometheus, sent by a real Alertmanager, starts the cycle that repairs the shop';
export const bound = 'every killed shop is healed by its restart, in a cycle that the alert started, and by one action';

export async function run(full: boolean): Promise<Measured> {
  const wanted = full ? 5 : 1;
  const rounds: Round[] = [];
  for (let round = 0; round < wanted; round += 1) rounds.push(await withMonitoredShop(breakAndWatch));
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

interface Round {
  readonly outcome: string | null;
  readonly by: string | undefined;
  readonly attempts: string;
  readonly seconds: number;
}

async function breakAndWatch({ breakIt, ask }: MonitoredShop): Promise<Round> {
  await breakIt();
  const began = performance.now();
  const seconds = (): number => (performance.now() - began) / 1000;
  let newest: Incident | undefined;
  while ((newest === undefined || newest.endedAt === null) && seconds() < giveUpSeconds) {
    await wait(250);
    [newest] = await ask<Incident[]>('incidents');
  }
  const detail = newest && (await ask<IncidentDetail>('incidents', newest.id));
  return {
    outcome: newest?.outcome ?? null,
    by: detail?.cycles[0]?.by,
    attempts: (newest?.attempts ?? []).map(({ correction, verdict }) => `${correction} ${verdict}`).join(', '),
    seconds: seconds(),
  };
}
