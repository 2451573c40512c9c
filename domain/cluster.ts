/** What is done to a Deployment, or to one of its pods or the node of that. */
export type KubernetesAction = {
  readonly kind: 'kubernetes';
  /** `inCluster`, or the path of a kubeconfig file. */
  readonly access: string;
  readonly namespace: string;
  readonly deployment: string;
  /** The controller by whose own interface it is done; without one, what a controller owns is left alone. */
  readonly through?: string;
} & (
  | { readonly command: 'rolloutRestart' | 'rolloutUndo' }
  /** The pod by its name or its address. */
  | { readonly command: 'deletePod' | 'cordon'; readonly instance: string }
  /** So many more, and never more than `max`. */
  | { readonly command: 'scale'; readonly by: number; readonly max: number }
);

export type KubernetesCommand = KubernetesAction['command'];

export const kubernetesCommands = [
  'rolloutRestart',
  'rolloutUndo',
  'scale',
  'deletePod',
  'cordon',
] as const satisfies readonly KubernetesCommand[];

/** One permission as a Role or ClusterRole says it. */
export interface Permission {
  readonly verb: 'get' | 'list' | 'create' | 'patch';
  /** Empty for the core group. */
  readonly group: '' | 'apps' | 'autoscaling' | 'authorization.k8s.io';
  readonly resource:
    | 'deployments'
    | 'replicasets'
    | 'horizontalpodautoscalers'
    | 'pods'
    | 'pods/eviction'
    | 'nodes'
    | 'selfsubjectaccessreviews'
    | 'selfsubjectrulesreviews';
  /** A node is in no namespace, so that it needs a ClusterRole. */
  readonly scope: 'namespace' | 'cluster';
}

export const permissions = {
  getDeployment: { verb: 'get', group: 'apps', resource: 'deployments', scope: 'namespace' },
  patchDeployment: { verb: 'patch', group: 'apps', resource: 'deployments', scope: 'namespace' },
  listReplicaSets: { verb: 'list', group: 'apps', resource: 'replicasets', scope: 'namespace' },
  listAutoscalers: { verb: 'list', group: 'autoscaling', resource: 'horizontalpodautoscalers', scope: 'namespace' },
  listPods: { verb: 'list', group: '', resource: 'pods', scope: 'namespace' },
  evictPod: { verb: 'create', group: '', resource: 'pods/eviction', scope: 'namespace' },
  getNode: { verb: 'get', group: '', resource: 'nodes', scope: 'cluster' },
  patchNode: { verb: 'patch', group: '', resource: 'nodes', scope: 'cluster' },
} as const satisfies Readonly<Record<string, Permission>>;

const { getDeployment, patchDeployment, listReplicaSets, listAutoscalers, listPods, evictPod, getNode, patchNode } = permissions;

/** All that a command needs, and nothing that it does not. */
export const permissionsOf: Readonly<Record<KubernetesCommand, readonly Permission[]>> = {
  rolloutRestart: [getDeployment, patchDeployment],
  rolloutUndo: [getDeployment, listReplicaSets, patchDeployment],
  scale: [getDeployment, listAutoscalers, patchDeployment],
  deletePod: [getDeployment, listReplicaSets, listPods, evictPod],
  cordon: [getDeployment, listReplicaSets, listPods, getNode, patchNode],
};

/** A rule of a Role, as it stands in a manifest. */
export const ruleText = ({ group, resource, verb }: Permission): string =>
  `{apiGroups: ["${group}"], resources: [${resource}], verbs: [${verb}]}`;

/** Everybody whom a cluster knows may ask about themselves. */
export const reviews = {
  access: { verb: 'create', group: 'authorization.k8s.io', resource: 'selfsubjectaccessreviews', scope: 'cluster' },
  rules: { verb: 'create', group: 'authorization.k8s.io', resource: 'selfsubjectrulesreviews', scope: 'cluster' },
} as const satisfies Readonly<Record<string, Permission>>;
