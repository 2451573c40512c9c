import { permissions } from '../../domain/cluster.js';
import { rolloutChange, seenOf, type FeedReading, type KubernetesFeed, type Rollout, type SeenRollout } from '../../domain/feed.js';
import { ACTION } from './change.js';
import { hashOf, imagesIn, REVISION, type Deployment } from './objects.js';
import { deploymentPath } from './reads.js';
import { serverOf } from './server.js';

const timeoutMs = 10_000;

/** Looks at the Deployments of a feed, by get requests alone. Throws when one of them can't be read. */
export async function readRollouts(feed: KubernetesFeed, cursor: unknown, now: number): Promise<FeedReading> {
  const { ask } = await serverOf(feed.access, { timeoutMs });
  const before = seenBefore(cursor);
  const looks = await Promise.all(
    feed.deployments.map(async ({ service, namespace, deployment }) => {
      const name = `${namespace}/${deployment}`;
      const path = deploymentPath({ namespace, deployment });
      const rollout = rolloutOf(await ask<Partial<Deployment>>({ needs: permissions.getDeployment, namespace, path }));
      const seen = before.get(name);
      return { name, seen: seenOf(seen, rollout), change: rolloutChange(seen, rollout, { source: feed.name, service, name }, now) };
    }),
  );
  return {
    cursor: Object.fromEntries(looks.map(({ name, seen }) => [name, seen])),
    changes: looks.flatMap(({ change }) => change ?? []),
  };
}

const seenBefore = (cursor: unknown): ReadonlyMap<string, SeenRollout> =>
  new Map(typeof cursor === 'object' && cursor !== null ? (Object.entries(cursor) as [string, SeenRollout][]) : []);

function rolloutOf({ metadata, spec, status }: Partial<Deployment>): Rollout {
  const { generation } = metadata ?? {};
  if (generation === undefined || spec === undefined) throw new Error('the answer is no Deployment: it has no generation or no spec');
  const { [REVISION]: revision, [ACTION]: action } = metadata?.annotations ?? {};
  return {
    generation,
    observedGeneration: status?.observedGeneration ?? 0,
    ...(revision === undefined ? {} : { revision }),
    template: hashOf(spec.template),
    replicas: spec.replicas ?? 1,
    updated: status?.updatedReplicas ?? 0,
    available: status?.availableReplicas ?? 0,
    images: imagesIn(spec.template),
    ...(action === undefined ? {} : { action }),
  };
}
