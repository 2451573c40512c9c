import { haleItself, type Change } from './change.js';

/** Somewhere that hale itself looks for changes. */
export type Feed = GitFeed | KubernetesFeed;

export interface GitFeed {
  readonly kind: 'git';
  readonly name: string;
  /** A folder or a URL, as git takes it. */
  readonly repository: string;
  readonly branch: string;
  readonly everyMs: number;
  /** A commit that touches the path is a change of the service; without a path every commit is. */
  readonly paths: readonly { readonly service: string; readonly path?: string }[];
}

export interface KubernetesFeed {
  readonly kind: 'kubernetes';
  readonly name: string;
  /** `inCluster`, or the path of a kubeconfig file. */
  readonly access: string;
  readonly everyMs: number;
  readonly deployments: readonly { readonly service: string; readonly namespace: string; readonly deployment: string }[];
}

/** What a feed had to say since the last time, and where to go on. */
export interface FeedReading {
  readonly cursor: unknown;
  readonly changes: readonly Change[];
}

/** A Deployment as far as it tells what was changed about it. */
export interface Rollout {
  readonly generation: number;
  readonly observedGeneration: number;
  readonly revision?: string;
  /** Names the pod template: another one is a deploy. */
  readonly template: string;
  readonly replicas: number;
  readonly updated: number;
  readonly available: number;
  readonly images: readonly string[];
  /** The last action of hale's on it. */
  readonly action?: string;
}

/** What is remembered of a Deployment between two looks. */
export interface SeenRollout {
  readonly generation: number;
  readonly template: string;
  readonly replicas: number;
  readonly rolling: boolean;
  readonly action?: string;
  /** The last new generation is hale's own. */
  readonly own?: boolean;
}

export const isRolling = ({ generation, observedGeneration, replicas, updated, available }: Rollout): boolean =>
  observedGeneration < generation || updated < replicas || available < replicas;

/**
 * The change since the last look; undefined where there is none. At a first look nothing is known to have changed. A pod
 * that dies is no change: only what begins with a new generation is told, and told again when it is rolled out.
 */
export function rolloutChange(
  before: SeenRollout | undefined,
  now: Rollout,
  about: { readonly source: string; readonly service: string; readonly name: string },
  at: number,
): Change | undefined {
  const isNew = before !== undefined && now.generation > before.generation;
  const hasEnded = before?.rolling === true && !isRolling(now);
  if (before === undefined || (!isNew && !hasEnded)) return undefined;
  const kind = now.template !== before.template ? 'deploy' : now.replicas !== before.replicas ? 'scaling' : 'configuration';
  const what = kind === 'scaling' ? `${before.replicas} to ${now.replicas} replicas` : now.images.join(', ');
  const reference = now.revision === undefined ? `generation ${now.generation}` : `revision ${now.revision}`;
  return {
    id: `${about.name} generation ${now.generation}`,
    source: about.source,
    service: about.service,
    kind,
    state: isRolling(now) ? 'started' : 'finished',
    summary: `${about.name}: ${what}`,
    reference,
    ...(isOwn(before, now) ? { by: haleItself } : {}),
    at,
    ...(isRolling(now) ? {} : { finishedAt: at }),
  };
}

const isOwn = (before: SeenRollout, { generation, action }: Rollout): boolean =>
  generation > before.generation ? action !== undefined && action !== before.action : before.own === true;

/** A rollout is under way from a new generation until it is complete; what becomes of its pods afterwards is not. */
export const seenOf = (before: SeenRollout | undefined, now: Rollout): SeenRollout => ({
  generation: now.generation,
  template: now.template,
  replicas: now.replicas,
  ...(now.action === undefined ? {} : { action: now.action }),
  own: before !== undefined && isOwn(before, now),
  rolling: isRolling(now) && before !== undefined && (before.rolling || now.generation > before.generation),
});
