import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { KubernetesAction } from '../../domain/cluster.js';

/** The pod that this process runs in. */
export interface OwnPod {
  readonly namespace: string;
  readonly name: string;
}

const NAMESPACE_FILE = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';

/** Told by the variables POD_NAMESPACE and POD_NAME where they are set, else by what every pod has; undefined in no pod. */
export function ownPod(env: NodeJS.ProcessEnv = process.env): OwnPod | undefined {
  const namespace = env.POD_NAMESPACE ?? (env.KUBERNETES_SERVICE_HOST === undefined ? undefined : read(NAMESPACE_FILE));
  return namespace === undefined || namespace === '' ? undefined : { namespace, name: env.POD_NAME ?? hostname() };
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** A Deployment's pod is named after it, its ReplicaSet and itself. */
export const isOfDeployment = ({ namespace, name }: OwnPod, action: KubernetesAction): boolean =>
  namespace === action.namespace &&
  name.startsWith(`${action.deployment}-`) &&
  /^[a-z0-9]{1,12}-[a-z0-9]{5}$/.test(name.slice(action.deployment.length + 1));
