import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { KubernetesAction } from '../../../../domain/cluster.js';
import type { WireBench, WireTarget } from '../bench.js';
import { ownFolder } from './folder.js';
import { built } from './module.js';

const lane = process.env.HALE_KUBERNETES_LANE;
let number = 0;

/** A real kube-apiserver that is reached in clear, and a Deployment for each target: its generation is the ledger. */
export const kubernetes: WireBench<KubernetesAction> = {
  name: 'kubernetes scale',
  provider: built('adapters/kubernetes/provider', 'kubernetesProvider'),
  skip: async () =>
    lane === undefined
      ? 'no kube-apiserver runs; npm run test:kubernetes tries it, where scripts/kubernetes-binaries.sh has built one'
      : undefined,
  arrange: () => arrange(new URL(lane ?? '')),
};

async function arrange(server: URL): Promise<WireTarget<KubernetesAction>> {
  number += 1;
  const [clear, { folder, close }] = await Promise.all([inClear(server), ownFolder()]);
  const { port: at } = clear.address() as AddressInfo;
  const namespace = `wire-${process.pid}-${number}`;
  const all = `/apis/apps/v1/namespaces/${namespace}/deployments`;
  const admin = (method: string, path: string, body?: unknown) => asked(`http://127.0.0.1:${at}${path}`, method, body);
  await admin('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
  await admin('POST', all, deployment);
  const now = () => admin('GET', `${all}/checkout`);
  const began = (await now())?.metadata.generation ?? 0;
  let others = 0;
  return {
    address: { host: '127.0.0.1', port: at },
    aimedAt: (port) => {
      const access = join(folder, `kubeconfig-${port}`);
      writeFileSync(access, JSON.stringify(kubeconfig(`http://127.0.0.1:${port}`)));
      const action: KubernetesAction = { kind: 'kubernetes', command: 'scale', access, namespace, deployment: 'checkout', by: 2, max: 10 };
      return { service: 'checkout', action, timeoutMs: 3_000 };
    },
    isAct: (bytes) => bytes.includes(`PATCH ${all}/checkout`),
    effects: async () => {
      const found = await now();
      if (found === undefined) return 0;
      const changes = found.metadata.generation - began - others;
      return found.spec.replicas === deployment.spec.replicas && changes > 0 ? changes - 1 : changes;
    },
    state: async () => String((await now())?.spec.replicas),
    disturb: async () => {
      others += 1;
      await admin('PATCH', `${all}/checkout`, { spec: { replicas: 7 } });
    },
    remove: async () => void (await admin('DELETE', `${all}/checkout`)),
    close: async () => {
      await admin('DELETE', `/api/v1/namespaces/${namespace}`);
      clear.close();
      await close();
    },
  };
}

const deployment = {
  metadata: { name: 'checkout' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'checkout' } },
    template: { metadata: { labels: { app: 'checkout' } }, spec: { containers: [{ name: 'app', image: 'shop:v1' }] } },
  },
};

const kubeconfig = (server: string) => ({
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'c',
  clusters: [{ name: 'c', cluster: { server, 'insecure-skip-tls-verify': true } }],
  users: [{ name: 'admin', user: { token: 'admin-token' } }],
  contexts: [{ name: 'c', context: { cluster: 'c', user: 'admin' } }],
});

/** What is said on the wire can be read: TLS begins behind this. */
async function inClear({ hostname, port }: URL): Promise<Server> {
  const server = createServer((client) => {
    const target = connect({ host: hostname, port: Number(port), rejectUnauthorized: false });
    client.on('error', () => target.destroy()).pipe(target);
    target.on('error', () => client.destroy()).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

interface Deployment {
  readonly metadata: { readonly generation: number };
  readonly spec: { readonly replicas: number };
}

async function asked(url: string, method: string, body: unknown): Promise<Deployment | undefined> {
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const headers = { authorization: 'Bearer admin-token', 'content-type': type, connection: 'close' };
  const answer = await fetch(url, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const text = await answer.text();
  if (answer.status === 404) return undefined;
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${text}`);
  return JSON.parse(text) as Deployment;
}
