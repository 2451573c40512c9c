import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { faults, type FaultName } from '../faults/faults.js';
import { seeded } from '../random.js';
import { openSite, type OpenSite } from '../site/open.js';
import { paths, type Site } from '../site/site.js';
import { type First, holdSeconds, templateFor } from '../site/template.js';
import { deployOver } from './another-person.js';
import { effectsOf, relapseSeconds } from './effects.js';
import { type Hale, type HaleOptions, type Incident, startHale } from './hale.js';
import { answeredAt, type Probed, shareOf } from './judge.js';
import type { Result } from './result.js';
import { cameBack, followTarget, lookAtTarget, type TargetHistory, type TargetImage } from './target.js';
import { judged } from './verdict.js';
import { startProbe, type Watcher } from './watcher.js';

export interface RunOptions {
  readonly fault: FaultName;
  readonly seed: number;
  readonly first: First;
  readonly undo: 'possible' | 'impossible';
  readonly state: string;
  /** How long the probe goes on after the outcome, s. */
  readonly watchSeconds: number;
  readonly killWorker: boolean;
  readonly hale: Pick<HaleOptions, 'temporal' | 'database' | 'workers'>;
  /** One line for whoever waits. */
  readonly tell: (line: string) => void;
}

/** Everything that one run has going. */
interface Stage {
  readonly open: OpenSite;
  readonly hale: Hale;
  readonly probe: Watcher;
}

/** One run: a new lab and a new hale, one fault, and the probe's word on what became of it. */
export async function runOnce(options: RunOptions): Promise<Result> {
  // What a run with this seed left behind would be this hale's memory: its known-good files, its incidents.
  await rm(options.state, { recursive: true, force: true });
  const open = await openSite(join(options.state, 'lab'), options.seed, options.first);
  await mkdir(join(options.state, 'hale'), { recursive: true });
  const config = paths.haleYaml(open.site);
  const hale = startHale({ config, state: join(options.state, 'hale'), log: paths.log(open.site, 'hale'), ...options.hale });
  const probe = await startProbe(open.site);
  try {
    return await onStage(options, { open, hale, probe });
  } finally {
    await hale.end();
    await probe.end();
    await open.close();
  }
}

async function onStage(options: RunOptions, { open: { site }, hale, probe }: Stage): Promise<Result> {
  const readyAt = await untilKnownGood(hale, site, options.tell);
  const earlier = new Set((await hale.incidents()).flatMap(({ attempts }) => attempts.map(({ actionId }) => actionId)));
  const good = await lookAtTarget(site);
  const injectedAt = Date.now();
  await faults[options.fault].inject(site);
  options.tell(`${options.fault} injected into ${site.service}`);
  const history = await followTarget(site, () => (options.undo === 'impossible' ? deployOver(site) : Promise.resolve()));
  const killed = options.killWorker ? killWorker(hale, options) : Promise.resolve(null);
  const incident = await untilClosed(hale, site, injectedAt);
  options.tell(`${incident.outcome} after ${secondsSince(injectedAt)} s; watching for ${options.watchSeconds} s more`);
  const endedAt = new Date(incident.endedAt ?? Date.now()).getTime();
  await sleep(Math.max(0, endedAt + options.watchSeconds * 1_000 - Date.now()));
  await history.end();
  const workerKilled = await killed;
  const probes = await probe.seen();
  return judged({
    ...told(options, { ...incident, attempts: incident.attempts.filter(({ actionId }) => !earlier.has(actionId)) }, injectedAt),
    ...(await seen(options, site, { ...history, good }, probes, { readyAt, injectedAt, endedAt })),
    effects: await effectsOf(site, injectedAt),
    relapseSeconds: options.fault === 'memory-leak' ? relapseSeconds(site, probes, injectedAt) : null,
    workerKilled,
  });
}

/** A service is known to be good after it has been well for its hold window; a little more, for the polling. */
const knownGoodMs = (holdSeconds + 4) * 1_000;

/** What hale says of itself. */
function told({ fault, seed, first, undo }: RunOptions, { attempts, outcome, startedAt }: Incident, injectedAt: number) {
  const repaired = attempts.findLast(({ verdict, undone }) => verdict === 'held' && !undone);
  const detectedAt = new Date(startedAt).getTime();
  const templateSha256 = createHash('sha256').update(templateFor(first)).digest('hex');
  return {
    fault,
    seed,
    first,
    undo,
    templateSha256,
    outcome,
    correction: repaired?.correction ?? null,
    wrong: attempts.filter((attempt) => attempt !== repaired).map(({ correction, verdict, undone }) => ({ correction, verdict, undone })),
    // An alarm before the injection may have opened the incident that this one joined: then nobody knows.
    secondsToDetect: detectedAt >= injectedAt ? (detectedAt - injectedAt) / 1_000 : null,
    holdSeconds,
  };
}

interface Times {
  readonly readyAt: number;
  readonly injectedAt: number;
  readonly endedAt: number;
}

/** The target since the fault, and as it was before. */
type Seen = Pick<TargetHistory, 'images'> & { readonly good: TargetImage };

/** What the probe and the target say. */
async function seen(options: RunOptions, site: Site, { images, good: before }: Seen, probes: readonly Probed[], times: Times) {
  const { readyAt, injectedAt, endedAt } = times;
  const answered = answeredAt(probes, injectedAt, endedAt);
  const { release, config } = await lookAtTarget(site);
  const { older, good, next } = site.releases;
  const overtaken = options.undo === 'impossible';
  const isOutcomeOf = faults[options.fault].repairedBy.some((name) => name === 'previous-release') ? [good, older] : [good];
  return {
    restored: options.first === 'wrong' && !overtaken ? cameBack(images) : null,
    leftRight: overtaken ? release === next : isOutcomeOf.includes(release) && config === before.config,
    secondsToAnswer: answered === undefined ? null : (answered - injectedAt) / 1_000,
    secondsToOutcome: (endedAt - injectedAt) / 1_000,
    before: shareOf(probes, readyAt, injectedAt),
    broken: shareOf(probes, injectedAt, answered ?? endedAt),
    held: shareOf(probes, endedAt, endedAt + options.watchSeconds * 1_000 - 1_000),
    heldSeconds: options.watchSeconds - 1,
  };
}

const startMs = 120_000;
const outcomeMs = 240_000;
const lookMs = 1_000;

/** Waits until hale has called the service ok for long enough, without a break; answers since when. */
async function untilKnownGood(hale: Hale, site: Site, tell: (line: string) => void): Promise<number> {
  const giveUpAt = Date.now() + startMs;
  let okSince: number | undefined;
  for (let last = ''; ; await sleep(lookMs)) {
    // Not up yet, or up and unable to say: either way ask again until the time is over.
    const status = await hale.status().catch((error: Error) => error);
    const state = status instanceof Error ? status.message : status.services.find(({ name }) => name === site.service)?.state;
    okSince = state === 'ok' ? (okSince ?? Date.now()) : undefined;
    if (okSince !== undefined && Date.now() - okSince >= knownGoodMs) return okSince;
    if (Date.now() > giveUpAt)
      throw new Error(`hale did not call ${site.service} ok for long enough within ${startMs / 1_000} s, but: ${state}`);
    if (state !== undefined && state !== last) tell(`hale says: ${(last = state).split('\n')[0]}`);
  }
}

/** The incident of this fault: opened after it, or an earlier one that it joined. */
async function untilClosed(hale: Hale, site: Site, injectedAt: number): Promise<Incident> {
  const giveUpAt = Date.now() + outcomeMs;
  for (;;) {
    await sleep(lookMs);
    const incidents = await hale.incidents().catch(() => []);
    const mine = incidents.find(
      ({ service, endedAt }) => service === site.service && !(endedAt !== null && new Date(endedAt).getTime() < injectedAt),
    );
    if (mine !== undefined && mine.outcome !== null) return mine;
    if (Date.now() > giveUpAt) return mine ?? noIncident(site);
  }
}

const noIncident = ({ service }: Site): Incident => ({
  id: 'none',
  service,
  outcome: null,
  startedAt: Number.NaN,
  endedAt: null,
  attempts: [],
});

const secondsSince = (at: number): string => ((Date.now() - at) / 1_000).toFixed(1);

/** Kills one worker, whichever the seed says, at a time in which the cycle is likely to run. */
async function killWorker(hale: Hale, { seed, tell }: RunOptions): Promise<string> {
  const random = seeded(seed);
  await sleep(500 + random.whole(4_000));
  const workers = (await hale.status()).processes.filter(({ role }) => /^(cycles|watch)/.test(role));
  const victim = workers[random.whole(workers.length)];
  if (victim === undefined) throw new Error('hale names no worker process that could be killed');
  process.kill(victim.pid, 'SIGKILL');
  tell(`killed ${victim.role} (${victim.pid})`);
  return victim.role;
}
