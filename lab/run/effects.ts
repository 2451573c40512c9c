import { readFile } from 'node:fs/promises';
import { paths, type Site } from '../site/site.js';
import { readLedger } from '../supervisor/ledger.js';
import type { Probed } from './judge.js';
import type { TargetEffect } from './result.js';

/** What the targets themselves recorded: the supervisor by action id, PostgreSQL by the sessions it ended. */
export async function effectsOf(site: Site, since: number): Promise<TargetEffect[]> {
  const done = readLedger(paths.ledger(site)).filter(({ at, actionId, answer }) => at >= since && actionId && answer === 'done');
  const ids = [...new Set(done.map(({ actionId }) => actionId ?? ''))];
  const restarts = ids.map((actionId) => ({
    actionId,
    what: 'restart',
    times: done.filter((entry) => entry.actionId === actionId).length,
  }));
  return [...restarts, ...(await endedSessions(site))];
}

async function endedSessions(site: Site): Promise<TargetEffect[]> {
  const log = await readFile(paths.log(site, 'database'), 'utf8');
  const lines = log.split('\n').filter((line) => line.includes('terminating connection due to administrator command'));
  return lines.map((line) => ({ actionId: `session ${/ (\d+) /.exec(line)?.[1] ?? '?'}`, what: 'session ended', times: 1 }));
}

/** How long a broken release served before it failed: until the first bad probe, or until it fell over, whichever was longer. */
export function relapseSeconds(site: Site, probes: readonly Probed[], since: number): number | null {
  const starts = readLedger(paths.ledger(site)).filter(({ at, answer }) => at >= since && answer === 'done');
  const lives = starts.flatMap((entry, at) => {
    const previous = starts[at - 1];
    return entry.verb === 'revive' && previous !== undefined ? [(entry.at - previous.at) / 1_000] : [];
  });
  const firstBad = probes.find(({ at, ok }) => at >= since && !ok);
  return firstBad === undefined ? null : Math.max((firstBad.at - since) / 1_000, ...lives);
}
