import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'vitest';
import { permissionsOf, type KubernetesCommand, type Permission } from '../../../domain/cluster.js';
import { freshFolder } from '../knob.js';
import { wireToCluster, type Wire } from './wire.js';

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** As much of an object as the tests look at. */
export interface Thing {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly generation?: number;
    readonly creationTimestamp?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly name: string }[];
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

/** A namespace of one test's own with one Deployment, set up by an administrator of the cluster. */
export interface Scene {
  readonly wire: Wire;
  /** The kubeconfig of hale, who may do what the Role says and nothing else. */
  readonly access: string;
  readonly namespace: string;
  readonly deploymentPath: string;
  /** As the administrator; undefined where there is no such object. */
  readonly admin: (method: Method, path: string, body?: unknown) => Promise<Thing | undefined>;
  readonly list: (path: string) => Promise<readonly Thing[]>;
  readonly until: <T>(look: () => Promise<T | undefined>) => Promise<T>;
  readonly deployment: () => Promise<Thing | undefined>;
  /** Another image: another template. */
  readonly deploy: (image: string) => Promise<void>;
  readonly replicaSets: () => Promise<readonly Thing[]>;
  readonly pods: () => Promise<readonly Thing[]>;
  /** Takes one permission away from hale. */
  readonly withhold: (permission: Permission) => Promise<void>;
}

export async function sceneFor(command: KubernetesCommand, more: { readonly replicas?: number } = {}): Promise<Scene> {
  const wire = await wireToCluster();
  const namespace = `t-${createHash('sha256')
    .update(expect.getState().currentTestName ?? '')
    .digest('hex')
    .slice(0, 10)}`;
  const access = join(await freshFolder(), 'kubeconfig');
  await writeFile(access, JSON.stringify(kubeconfig(wire.url)));
  const admin = async (method: Method, path: string, body?: unknown) => {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const headers = { authorization: 'Bearer admin-token', 'content-type': type };
    const answer = await fetch(`${wire.url}${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    const text = await answer.text();
    if (answer.status === 404) return undefined;
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text) as Thing;
  };
  const list = async (path: string) => ((await admin('GET', path)) as unknown as { items: Thing[] }).items;
  const until = async <T>(look: () => Promise<T | undefined>): Promise<T> => {
    for (let tries = 0; tries < 200; tries++) {
      const found = await look();
      if (found !== undefined) return found;
      await wait(isLive ? 100 : 0);
    }
    throw new Error('the cluster did not get there');
  };
  const deploymentPath = `/apis/apps/v1/namespaces/${namespace}/deployments/checkout`;
  const deployment = () => admin('GET', deploymentPath);
  const replicaSets = () => list(`/apis/apps/v1/namespaces/${namespace}/replicasets`);
  const pods = () => list(`/api/v1/namespaces/${namespace}/pods`);
  const withhold = async (permission: Permission) => {
    await grantTo(
      admin,
      namespace,
      permissionsOf[command].filter((one) => one !== permission),
    );
    await until(async () => ((await isAllowed(admin, namespace, permission)) ? undefined : true));
  };
  const scene = {
    wire,
    access,
    namespace,
    deploymentPath,
    admin,
    list,
    until,
    deployment,
    replicaSets,
    pods,
    withhold,
    deploy: async (image: string) => {
      const containers = [{ name: 'app', image }];
      await admin('PATCH', deploymentPath, { spec: { template: { spec: { containers } } } });
    },
  };
  await admin('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
  await admin('POST', deploymentPath.replace(/\/checkout$/, ''), newDeployment(more.replicas ?? 2));
  await grantTo(admin, namespace, permissionsOf[command]);
  await until(async () => ((await replicaSets()).length === 1 ? true : undefined));
  return scene;
}

const isLive = process.env.HALE_KUBERNETES_LANE !== undefined;

/** @param user how hale says who it is */
export const kubeconfig = (server: string, user: object = { token: 'hale-token' }) => ({
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'c',
  clusters: [{ name: 'c', cluster: { server, 'insecure-skip-tls-verify': true } }],
  users: [{ name: 'hale', user }],
  contexts: [{ name: 'c', context: { cluster: 'c', user: 'hale' } }],
});

const newDeployment = (replicas: number) => ({
  metadata: { name: 'checkout' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'checkout' } },
    template: { metadata: { labels: { app: 'checkout' } }, spec: { containers: [{ name: 'app', image: 'shop:v1' }] } },
  },
});

/** A Role in the namespace, and a ClusterRole of the same name for what is in none. */
async function grantTo(admin: Scene['admin'], namespace: string, permissions: readonly Permission[]): Promise<void> {
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  const subjects = [{ kind: 'User', name: 'hale', apiGroup: 'rbac.authorization.k8s.io' }];
  for (const scope of ['namespace', 'cluster'] as const) {
    const kind = scope === 'namespace' ? 'Role' : 'ClusterRole';
    const [roles, bindings] =
      scope === 'namespace'
        ? [`${rbac}/namespaces/${namespace}/roles`, `${rbac}/namespaces/${namespace}/rolebindings`]
        : [`${rbac}/clusterroles`, `${rbac}/clusterrolebindings`];
    const rules = permissions
      .filter((one) => one.scope === scope)
      .map(({ group, resource, verb }) => ({ apiGroups: [group], resources: [resource], verbs: [verb] }));
    // What is in no namespace outlives the test, so that the next one says anew what hale may do there.
    const name = 'hale';
    if ((await admin('GET', `${roles}/${name}`)) !== undefined) {
      await admin('PATCH', `${roles}/${name}`, { rules });
      continue;
    }
    await admin('POST', roles, { metadata: { name }, rules });
    await admin('POST', bindings, { metadata: { name }, subjects, roleRef: { kind, name, apiGroup: 'rbac.authorization.k8s.io' } });
  }
}

async function isAllowed(admin: Scene['admin'], namespace: string, { group, resource, verb, scope }: Permission): Promise<boolean> {
  const [name, subresource] = resource.split('/');
  const attributes = { group, verb, resource: name, ...(subresource && { subresource }), ...(scope === 'namespace' && { namespace }) };
  const review = await admin('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
    spec: { user: 'hale', resourceAttributes: attributes },
  });
  return review?.status?.allowed === true;
}
