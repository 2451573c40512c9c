import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import type pg from 'pg';
import { onTestFinished } from 'vitest';
import { createWatchActivities } from '../../activities/watch-shard.js';
import type { Pace } from '../../activities/watch/pace.js';
import { storeConfiguration } from '../../adapters/postgres/configurations.js';
import type { WatchReport } from '../../contracts/watch.js';
import type { Objective, Policy, Service, Signal } from '../../domain/service.js';
import { composePorts } from '../../workers/compose.js';
import { serve } from './listen.js';

/** Everything a watch does, ten times as often as usual. */
export const quickly: Pace = {
  tickMs: 100,
  saveMs: 200,
  configurationMs: 100,
  membersMs: 500,
  holdsMs: 100,
  knownGoodMs: 100,
  handOverMs: 60_000,
  catchUpMs: 60_000,
};

/** A real service that answers as told, and counts how often it was asked. */
export async function shop() {
  const state = { up: true, hangs: false, asked: 0, url: '' };
  state.url = await serve((_, response) => {
    state.asked += 1;
    if (!state.hangs) response.writeHead(state.up ? 200 : 500).end();
  });
  return state;
}

export const upSignal = (url: string, changed: Partial<Signal> = {}): Signal =>
  ({
    kind: 'http',
    name: 'up',
    url,
    measure: 'ok',
    expect: {},
    everyMs: 100,
    timeoutMs: 1_000,
    perInstance: false,
    staleAfterMs: 5_000,
    ...changed,
  }) as Signal;

export const upObjective: Objective = {
  name: 'up',
  signal: 'up',
  bound: { above: 0 },
  forMs: 0,
  votes: { bad: 1, of: 1 },
  silenceMs: 5_000,
  holdMs: 500,
};

export const serviceWith = (name: string, signals: readonly Signal[], changed: Partial<Service> = {}): Service => ({
  name,
  dependsOn: [],
  signals,
  objectives: [upObjective],
  corrections: [],
  order: 'learned',
  limits: { attemptsMax: 3, escalateAfterMs: 300_000, approvalExpiryMs: 60_000, pauseMsMax: 60_000 },
  ...changed,
});

export const configure = (pool: pg.Pool, services: readonly Service[], policy: Policy = {}): Promise<void> =>
  storeConfiguration(pool, { version: randomUUID(), environment: 'test', services, policy, notYetActive: [] }, 'test', 'test');

export interface Running {
  readonly ended: Promise<WatchReport>;
  readonly beats: unknown[];
  stop(): Promise<void>;
}

/** Runs the real activity in this process, over real ports, until it is stopped or the test ends. */
export function startWatch(pool: pg.Pool, client: Client, pace: Partial<Pace> = {}): Running {
  const env = new MockActivityEnvironment();
  const beats: unknown[] = [];
  env.on('heartbeat', (details: unknown) => beats.push(details));
  const activities = createWatchActivities(composePorts(pool, client), { ...quickly, ...pace });
  const ended: Promise<WatchReport> = env.run(() => activities.watchShard({ shard: 0, shards: 1 }));
  const settled = ended.then(
    () => undefined,
    () => undefined,
  );
  const stop = (): Promise<void> => {
    env.cancel();
    return settled;
  };
  onTestFinished(stop);
  return { ended, beats, stop };
}
