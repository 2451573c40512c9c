import { createHash } from 'node:crypto';

/** Objects of the cluster, as far as hale reads them; the rest stays in them and is never lost. */
export interface Meta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly deletionTimestamp?: string;
  readonly creationTimestamp?: string;
  readonly ownerReferences?: readonly { readonly uid: string; readonly kind: string; readonly name: string }[];
}

export interface Template {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec?: { readonly containers?: readonly { readonly image?: string }[] };
}

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[];
}

export interface Deployment {
  readonly metadata: Meta;
  readonly spec: { readonly replicas?: number; readonly paused?: boolean; readonly template: Template; readonly selector: Selector };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
  };
}

export interface ReplicaSet {
  readonly metadata: Meta;
  readonly spec: { readonly template: Template };
}

export interface Pod {
  readonly metadata: Meta;
  readonly spec?: { readonly nodeName?: string };
  readonly status?: { readonly podIP?: string; readonly phase?: string };
}

export interface Node {
  readonly metadata: Meta;
  readonly spec?: { readonly unschedulable?: boolean };
}

export interface Autoscaler {
  readonly metadata: Meta;
  readonly spec: { readonly scaleTargetRef: { readonly kind: string; readonly name: string } };
}

export interface List<T> {
  readonly items: readonly T[];
}

/** The label by which a ReplicaSet tells its own pods. */
const HASH = 'pod-template-hash';

/** A ReplicaSet's template is its Deployment's with one label more. */
export function templateOf({ spec: { template } }: Deployment | ReplicaSet): Template {
  const { [HASH]: _, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}

export const hashOf = (template: Template): string =>
  createHash('sha256')
    .update(JSON.stringify(sorted(template)))
    .digest('hex')
    .slice(0, 16);

/** The same object is the same text, in whatever order the server tells its parts. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, part]) => part !== null)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, part]) => [key, sorted(part)]),
  );
}

/** As kubectl does it: another annotation of the template, so that every pod is replaced in the Deployment's own way. */
export const RESTARTED_AT = 'kubectl.kubernetes.io/restartedAt';

/** Names what was deployed: pods that were started anew are of the same release. */
export function releaseOf(of: Deployment | ReplicaSet): string {
  const template = templateOf(of);
  const { [RESTARTED_AT]: _, ...annotations } = template.metadata?.annotations ?? {};
  return hashOf({ ...template, metadata: { ...template.metadata, annotations } });
}

export const imagesIn = ({ spec }: Template): string[] => (spec?.containers ?? []).map(({ image }) => image ?? '?');
export const imagesOf = (template: Template): string => imagesIn(template).join(', ');

export const REVISION = 'deployment.kubernetes.io/revision';

export const revisionOf = ({ metadata }: Deployment | ReplicaSet): number => Number(metadata.annotations?.[REVISION] ?? Number.NaN);

/** When it was first made, ms since the epoch; one that is used again keeps that. */
export const createdAt = ({ metadata }: ReplicaSet): number => Date.parse(metadata.creationTimestamp ?? '');

/** As the server takes it in a query. */
export function selectorText({ matchLabels = {}, matchExpressions = [] }: Selector): string {
  const words = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
  const more = matchExpressions.map(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key;
    if (operator === 'DoesNotExist') return `!${key}`;
    return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.join(',')})`;
  });
  return [...words, ...more].join(',');
}

export const isOwnedBy = ({ ownerReferences = [] }: Meta, uid: string): boolean => ownerReferences.some((owner) => owner.uid === uid);

const OWNERS: Readonly<Record<string, string>> = {
  'argocd.argoproj.io/instance': 'argocd',
  'argocd.argoproj.io/tracking-id': 'argocd',
  'kustomize.toolkit.fluxcd.io/name': 'flux',
  'helm.toolkit.fluxcd.io/name': 'flux',
};

/** The controller that keeps the object as a repository says, as its labels tell. */
export function controllerOf({ labels = {}, annotations = {} }: Meta): string | undefined {
  const mark = Object.keys(OWNERS).find((one) => labels[one] !== undefined || annotations[one] !== undefined);
  return mark === undefined ? undefined : OWNERS[mark];
}
