import { incidentToItsEnd, type Round } from '../../support/acceptance/monitoring.js';
import { withMonitoredContainer, type MonitoredContainer } from '../../support/acceptance/monitored-container.js';
import type { Measured } from '../../support/acceptance/step.js';

export const title = 'a container that fails after a bad configuration is made again from the last known good one';
export const bound =
  'each is healed by one recreation, in a cycle that an alert of Prometheus started, with every setting as it was, and no secret is kept in clear';

export async function run(full: boolean): Promise<Measured> {
  const wanted = full ? 5 : 1;
  const rounds: Outcome[] = [];
  for (let round = 0; round < wanted; round += 1) rounds.push(await withMonitoredContainer(deployAndWatch));
  const good = rounds.filter(
    ({ outcome, by, attempts, asBefore, secretsInClear }) =>
      outcome === 'healed' && by === 'alert from am-prod' && attempts === 'last-good held' && asBefore && secretsInClear === 0,
  );
  return {
    value: `${good.length} of ${wanted} healed, ${rounds.map(({ seconds }) => `${seconds.toFixed(1)} s`).join(', ')} from the bad deployment to the end of the hold window`,
    ok: good.length === wanted,
    // Where hale looked first itself, or the deployment did no harm, the chain was not put to the test.
    hitEnough: rounds.every(({ by, wasDown }) => by !== 'watch' && wasDown),
    evidence: rounds.map((round) => JSON.stringify(round)).join('\n'),
  };
}

interface Outcome extends Round {
  /** The bad deployment really took the service down. */
  readonly wasDown: boolean;
  /** Environment, command, labels, limits and image are those of the container that was good, and it answers. */
  readonly asBefore: boolean;
  /** How many rows of hale's database have the value of the container's secret variable. */
  readonly secretsInClear: number;
}

async function deployAndWatch(container: MonitoredContainer): Promise<Outcome> {
  const before = await container.settings();
  await container.deployBadly();
  const wasDown = !(await container.answers());
  const round = await incidentToItsEnd(container.ask);
  return {
    ...round,
    wasDown,
    asBefore: (await container.settings()) === before && (await container.answers()),
    secretsInClear: await container.secretsInClear(),
  };
}
