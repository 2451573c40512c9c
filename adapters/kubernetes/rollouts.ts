import { createHash } from 'node:crypto';
import { AppsV1Api, KubeConfig, Observable, type ObservableMiddleware, type V1Deployment } from '@kubernetes/client-node';
import { rolloutChange, seenOf, type FeedReading, type KubernetesFeed, type Rollout, type SeenRollout } from '../../domain/feed.js';

const timeoutMs = 10_000;

/** Looks at the Deployments of a feed, by get requests alone. Throws when one of them can't be read. */
export async function readRollouts(feed: KubernetesFeed, cursor: unknown, now: number): Promise<FeedReading> {
  const api = clientOf(feed.access);
  const before = seenBefore(cursor);
  const looks = await Promise.all(
    feed.deployments.map(async ({ service, namespace, deployment }) => {
      const name = `${namespace}/${deployment}`;
      const rollout = rolloutOf(await read(api, namespace, deployment));
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

function clientOf(access: string): AppsV1Api {
  const config = new KubeConfig();
  if (access === 'inCluster') config.loadFromCluster();
  else config.loadFromFile(access);
  return config.makeApiClient(AppsV1Api);
}

const read = (api: AppsV1Api, namespace: string, name: string): Promise<V1Deployment> =>
  api.readNamespacedDeployment(
    { namespace, name },
    { middleware: [endedBy(AbortSignal.timeout(timeoutMs))], middlewareMergeStrategy: 'append' },
  );

const endedBy = (signal: AbortSignal): ObservableMiddleware => ({
  pre: (request) => {
    request.setSignal(signal);
    return new Observable(Promise.resolve(request));
  },
  post: (response) => new Observable(Promise.resolve(response)),
});

const REVISION = 'deployment.kubernetes.io/revision';

function rolloutOf({ metadata, spec, status }: V1Deployment): Rollout {
  const { generation } = metadata ?? {};
  if (generation === undefined || spec === undefined) throw new Error('the answer is no Deployment: it has no generation or no spec');
  const revision = metadata?.annotations?.[REVISION];
  return {
    generation,
    observedGeneration: status?.observedGeneration ?? 0,
    ...(revision === undefined ? {} : { revision }),
    template: createHash('sha256').update(JSON.stringify(spec.template)).digest('hex').slice(0, 16),
    replicas: spec.replicas ?? 1,
    updated: status?.updatedReplicas ?? 0,
    available: status?.availableReplicas ?? 0,
    images: (spec.template.spec?.containers ?? []).map(({ image }) => image ?? '?'),
  };
}
