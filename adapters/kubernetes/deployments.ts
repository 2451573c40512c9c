import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { AppsV1Api, KubeConfig, Observable, type ObservableMiddleware, type V1Deployment } from '@kubernetes/client-node';

/** A Deployment as far as it says whose it is and what it needs. */
export interface Deployment {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Cluster {
  readonly context: string;
  /** How a configuration names it: the file of the kubeconfig, or `inCluster`. */
  readonly access: string;
  /** Files of KUBECONFIG that a configuration has no room for. */
  readonly furtherFiles: readonly string[];
  /** By namespace and name. */
  readonly deployments: readonly Deployment[];
}

/** Thrown when the cluster of the current context can't be asked; the message names the context. */
export class ClusterUnreachable extends Error {
  override readonly name = 'ClusterUnreachable';
}

const pageSize = 500;

/** All Deployments of the current kubeconfig context, by list requests alone. Throws `ClusterUnreachable`. */
export async function readDeployments(timeoutMs: number): Promise<Cluster> {
  const config = new KubeConfig();
  let context = '';
  try {
    config.loadFromDefault();
    context = config.getCurrentContext();
    const items = await pages(config.makeApiClient(AppsV1Api), timeoutMs);
    return {
      context,
      ...accessOf(process.env.KUBECONFIG),
      deployments: items.map(deploymentOf).toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)),
    };
  } catch (error) {
    throw new ClusterUnreachable(`the cluster of context ${JSON.stringify(context)} can't be asked: ${sentenceOf(error)}`, {
      cause: error,
    });
  }
}

/** Where the client itself looks, in its order. */
function accessOf(named: string | undefined): Pick<Cluster, 'access' | 'furtherFiles'> {
  const files = (named ?? '').split(delimiter).filter((file) => file !== '');
  const own = join(homedir(), '.kube', 'config');
  const [first, ...furtherFiles] = files.length > 0 ? files : existsSync(own) ? [own] : [];
  return { access: first === undefined ? 'inCluster' : resolve(first), furtherFiles };
}

async function pages(api: AppsV1Api, timeoutMs: number): Promise<V1Deployment[]> {
  const patience = AbortSignal.timeout(timeoutMs);
  for (;;) {
    const items = await allPages(api, patience);
    if (items !== undefined) return items;
  }
}

/** undefined where the cluster no longer knows the list that was begun: it has to be listed anew. */
async function allPages(api: AppsV1Api, patience: AbortSignal): Promise<V1Deployment[] | undefined> {
  const items: V1Deployment[] = [];
  let next: string | undefined;
  do {
    const ask = { limit: pageSize, ...(next === undefined ? {} : { _continue: next }) };
    try {
      const page = await api.listDeploymentForAllNamespaces(ask, { middleware: [endedBy(patience)], middlewareMergeStrategy: 'append' });
      items.push(...page.items);
      next = page.metadata?._continue || undefined;
    } catch (error) {
      if (next !== undefined && isGone(error)) return undefined;
      throw error;
    }
  } while (next !== undefined);
  return items;
}

const isGone = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 410;

const endedBy = (signal: AbortSignal): ObservableMiddleware => ({
  pre: (request) => {
    request.setSignal(signal);
    return new Observable(Promise.resolve(request));
  },
  post: (response) => new Observable(Promise.resolve(response)),
});

const deploymentOf = ({ metadata }: V1Deployment): Deployment => ({
  namespace: metadata?.namespace ?? '',
  name: metadata?.name ?? '',
  labels: metadata?.labels ?? {},
  annotations: metadata?.annotations ?? {},
});

const keyOf = ({ namespace, name }: Deployment): string => `${namespace}/${name}`;

/** The client's own errors repeat the whole answer, headers and all. */
function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && typeof error.code === 'number') return `status ${error.code}`;
  const { cause } = error;
  return (cause instanceof Error ? cause.message : error.message).slice(0, 300);
}
