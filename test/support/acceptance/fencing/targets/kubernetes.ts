import { existsSync, readFileSync } from 'node:fs';
import { request } from 'node:https';
import { setTimeout as wait } from 'node:timers/promises';
import type { startCluster } from '../../../../../scripts/kubernetes/cluster.mjs';
import type { Subject } from '../subject.js';
import type { Act } from '../trial.js';

type Cluster = Awaited<ReturnType<typeof startCluster>>;

/** As much as is read of a line of the server's audit log. */
interface Change {
  readonly requestReceivedTimestamp: string;
  readonly userAgent?: string;
  readonly objectRef: { readonly name: string };
  readonly responseStatus: { readonly code: number };
}

/** A Deployment of a real cluster, whose server writes down who changed it and whom it refused. */
export async function kubernetesTarget(service: string, cluster: Cluster): Promise<Subject> {
  const namespace = '/apis/apps/v1/namespaces/default';
  await asked(cluster, 'POST', `${namespace}/deployments`, deployment(service));
  while (!(await asked(cluster, 'GET', `${namespace}/replicasets`)).includes(`"${service}-`)) await wait(100);
  const changes = (): Change[] =>
    (existsSync(cluster.auditLog) ? readFileSync(cluster.auditLog, 'utf8') : '')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Change)
      .filter(({ objectRef, userAgent }) => objectRef.name === service && userAgent?.startsWith('kube-') !== true);
  const acts = (): Act[] =>
    changes().flatMap(({ responseStatus: { code }, requestReceivedTimestamp: at }) => (code === 200 ? [{ at: Date.parse(at) }] : []));
  let done = -1;
  return {
    service,
    kind: 'kubernetes',
    privilege: 'kubernetes',
    fencedBy: 'target',
    correction: { kubernetes: 'rolloutRestart', target: { source: 'cluster', deployment: `default/${service}` } },
    sources: { cluster: { kubernetes: cluster.kubeconfig, namespaces: ['default'] } },
    breakIt: async () => void (done = acts().length),
    isWell: () => acts().length > done,
    acts,
    turnedAway: () => changes().filter(({ responseStatus: { code } }) => code === 409).length,
  };
}

const deployment = (name: string) => ({
  metadata: { name },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'app', image: 'shop:v1' }] } },
  },
});

/** As the administrator; the server's certificate is one that it has just made itself. */
function asked({ url }: Cluster, method: string, path: string, body?: unknown): Promise<string> {
  const headers = { authorization: 'Bearer admin-token', 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const call = request(`${url}${path}`, { method, headers, rejectUnauthorized: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        if ((response.statusCode ?? 500) < 300) resolve(text);
        else reject(new Error(`${method} ${path}: ${text}`));
      });
    });
    call.once('error', reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
