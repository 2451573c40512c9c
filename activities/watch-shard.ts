import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WatchActivities, WatchOrder, WatchReport } from '../contracts/watch.js';
import { pace as usualPace, type Pace } from './watch/pace.js';
import { Watcher, type WatchPorts, type WatchState } from './watch/watcher.js';

export const createWatchActivities = (ports: WatchPorts, pace: Pace = usualPace): WatchActivities => ({
  watchShard: (order) => watchShard(ports, pace, order),
});

/**
 * Watches one shard until it is time to hand over, heartbeating. After a kill the next attempt starts from the saved
 * state and what was stored since; a claim in PostgreSQL makes sure that only the newest attempt writes.
 */
async function watchShard(ports: WatchPorts, pace: Pace, order: WatchOrder): Promise<WatchReport> {
  const context = Context.current();
  const { generation, state } = await ports.shards.claim(order.shard);
  const end = endOf(context.cancellationSignal, pace.handOverMs);
  const watcher = new Watcher(ports, {
    ...order,
    generation,
    saved: (state as WatchState | null) ?? undefined,
    catchUpMs: pace.catchUpMs,
    failed: (what, error) => context.log.warn(`${what} failed`, { shard: order.shard, error: String(error) }),
    superseded: () => end.now('superseded'),
  });
  const beat = (): void => context.heartbeat({ generation, cursor: watcher.cursor });
  const repeat = (everyMs: number, work: () => void | Promise<void>): Promise<void> =>
    repeating(everyMs, work, end.signal, (error) => context.log.warn('watch is held up', { shard: order.shard, error: String(error) }));
  beat();
  await Promise.all([
    repeat(pace.tickMs, () => {
      beat();
      watcher.tick();
    }),
    repeat(pace.configurationMs, () => watcher.reload()),
    repeat(pace.membersMs, () => watcher.refreshMembers()),
    repeat(pace.saveMs, () => watcher.save()),
    repeat(pace.holdsMs, () => watcher.releaseHolds()),
    repeat(pace.holdsMs, () => watcher.endStorm()),
    repeat(pace.knownGoodMs, () => watcher.keepGood()),
  ]);
  return conclude(watcher, order, generation, end.why(), context);
}

async function conclude(watcher: Watcher, order: WatchOrder, generation: string, why: Why, context: Context): Promise<WatchReport> {
  watcher.stop();
  if (why === 'superseded')
    throw ApplicationFailure.create({ type: 'Superseded', message: `shard ${order.shard}: another watcher took over` });
  await watcher.handOver();
  if (why === 'cancelled') await context.cancelled;
  return { shard: order.shard, generation, ...watcher.counters };
}

type Why = 'time' | 'cancelled' | 'superseded';

/** The first reason to end counts. */
function endOf(cancellation: AbortSignal, afterMs: number): { signal: AbortSignal; now: (why: Why) => void; why: () => Why } {
  const controller = new AbortController();
  const now = (why: Why): void => controller.abort(why);
  const timer = setTimeout(() => now('time'), afterMs);
  controller.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  cancellation.addEventListener('abort', () => now('cancelled'), { once: true });
  if (cancellation.aborted) now('cancelled');
  return { signal: controller.signal, now, why: () => controller.signal.reason as Why };
}

/** Does the work now and then again and again; what fails is told and tried again with the next turn. */
async function repeating(
  everyMs: number,
  work: () => void | Promise<void>,
  abort: AbortSignal,
  failed: (error: unknown) => void,
): Promise<void> {
  while (!abort.aborted) {
    try {
      await work();
    } catch (error) {
      failed(error);
    }
    await sleep(everyMs, undefined, { signal: abort }).catch(() => undefined);
  }
}
