import { setTimeout as wait } from 'node:timers/promises';
import type { Ports } from '../activities/ports.js';
import { forgetMirrors, readCommits } from '../adapters/git/commits.js';
import type { Feeds } from '../adapters/postgres/changes.js';
import { unreachable } from '../domain/failure.js';
import type { Feed, FeedReading } from '../domain/feed.js';

type Needs = Pick<Ports, 'configurations'> & { readonly feeds: Feeds; readonly mirrors: string };

/** Reads every feed that is due. Any number of workers may do so: whoever comes first reads. What can't be read is read again when it is due. */
export async function readFeedsOnce({ configurations, feeds, mirrors }: Needs, failed: (error: unknown) => void): Promise<void> {
  const fleet = await configurations.current();
  if (fleet === undefined) return;
  const all = fleet.feeds ?? [];
  await forgetMirrors(
    mirrors,
    all.filter((feed) => feed.kind === 'git'),
  );
  for (const feed of all) {
    try {
      const turn = await feeds.take(feed.name, feed.everyMs);
      if (turn === undefined) continue;
      const { cursor, changes } = await read(mirrors, feed, turn.cursor, Date.now());
      await feeds.advance(feed.name, cursor, changes);
    } catch (error) {
      failed(new Error(`changes of ${feed.name}: ${error instanceof Error ? error.message : String(error)}`));
    }
  }
}

async function read(mirrors: string, feed: Feed, cursor: unknown, now: number): Promise<FeedReading> {
  switch (feed.kind) {
    case 'git':
      return readCommits(mirrors, feed, cursor, now);
    case 'kubernetes':
      // The client is large: only who has a cluster loads it.
      return (await import('../adapters/kubernetes/rollouts.js')).readRollouts(feed, cursor, now);
    default:
      return unreachable(feed);
  }
}

/** Reads feeds until aborted. */
export async function readFeeds(
  needs: Needs,
  { everyMs, abort, failed }: { readonly everyMs: number; readonly abort: AbortSignal; readonly failed: (error: unknown) => void },
): Promise<void> {
  while (!abort.aborted) {
    await readFeedsOnce(needs, failed).catch(failed);
    await wait(everyMs, undefined, { signal: abort }).catch(() => undefined);
  }
}
