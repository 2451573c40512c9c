import { permissions, type KubernetesAction } from '../../domain/cluster.js';
import { TargetRefused } from '../../domain/failure.js';
import { isOwnedBy, selectorText, type Autoscaler, type Deployment, type List, type Node, type Pod, type ReplicaSet } from './objects.js';
import { Missing, type Server } from './server.js';

/** Names come from the configuration, an instance from a label of a metric: neither may leave its place in a path. */
const segment = (name: string): string => encodeURIComponent(name);

export const deploymentPath = ({ namespace, deployment }: Pick<KubernetesAction, 'namespace' | 'deployment'>): string =>
  `/apis/apps/v1/namespaces/${segment(namespace)}/deployments/${segment(deployment)}`;

export const nodePath = (name: string): string => `/api/v1/nodes/${segment(name)}`;

export const evictionPath = ({ namespace }: KubernetesAction, pod: string): string =>
  `/api/v1/namespaces/${segment(namespace)}/pods/${segment(pod)}/eviction`;

/** Throws `Missing` where it is gone, or about to be. */
export async function readDeployment({ ask }: Server, action: KubernetesAction): Promise<Deployment> {
  const { namespace, deployment } = action;
  const found = await ask<Deployment>({ needs: permissions.getDeployment, namespace, path: deploymentPath(action) }).catch(
    (error: unknown) => {
      throw error instanceof Missing ? new Missing(`there is no deployment ${namespace}/${deployment}`) : error;
    },
  );
  if (found.metadata.deletionTimestamp !== undefined) throw new Missing(`deployment ${namespace}/${deployment} is being deleted`);
  return found;
}

/** Its own ReplicaSets: others may have the same labels. */
export async function readReplicaSets(
  { ask }: Server,
  { namespace }: KubernetesAction,
  deployment: Deployment,
): Promise<readonly ReplicaSet[]> {
  const path = `/apis/apps/v1/namespaces/${segment(namespace)}/replicasets?labelSelector=${segment(selectorText(deployment.spec.selector))}`;
  const { items } = await ask<List<ReplicaSet>>({ needs: permissions.listReplicaSets, namespace, path });
  return items.filter(({ metadata }) => isOwnedBy(metadata, deployment.metadata.uid));
}

/** The Deployment's pod that the instance names, by its name or its address; undefined where there is none any more. */
export async function readPod(server: Server, action: KubernetesAction): Promise<Pod | undefined> {
  if (!('instance' in action)) throw new TargetRefused('it names no instance: an empty selector selects nothing');
  const { instance } = action;
  const deployment = await readDeployment(server, action);
  const owners = (await readReplicaSets(server, action, deployment)).map(({ metadata }) => metadata.uid);
  const { namespace } = action;
  const path = `/api/v1/namespaces/${segment(namespace)}/pods?labelSelector=${segment(selectorText(deployment.spec.selector))}`;
  const { items } = await server.ask<List<Pod>>({ needs: permissions.listPods, namespace, path });
  const own = items.filter(({ metadata }) => owners.some((uid) => isOwnedBy(metadata, uid)));
  const address = instance.replace(/:\d+$/, '');
  return own.find(({ metadata, status }) => metadata.name === instance || metadata.name === address || status?.podIP === address);
}

export const readNode = ({ ask }: Server, name: string): Promise<Node> => ask({ needs: permissions.getNode, path: nodePath(name) });

/** The autoscaler that decides how many replicas there are. */
export async function readAutoscaler({ ask }: Server, { namespace, deployment }: KubernetesAction): Promise<Autoscaler | undefined> {
  const path = `/apis/autoscaling/v2/namespaces/${segment(namespace)}/horizontalpodautoscalers`;
  const { items } = await ask<List<Autoscaler>>({ needs: permissions.listAutoscalers, namespace, path });
  return items.find(({ spec: { scaleTargetRef: of } }) => of.kind === 'Deployment' && of.name === deployment);
}
