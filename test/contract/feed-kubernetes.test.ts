// Rollouts as a cluster tells them. There is no cluster here: an HTTP server answers in the shape of the API of Kubernetes.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { readDeployments } from '../../adapters/kubernetes/deployments.js';
import { readRollouts } from '../../adapters/kubernetes/rollouts.js';
import type { KubernetesFeed } from '../../domain/feed.js';
import { freshFolder } from '../support/knob.js';
import { serve } from '../support/listen.js';

interface Told {
  generation: number | undefined;
  observed: number;
  replicas: number;
  updated: number;
  available: number;
  image: string;
  revision: string;
  action?: string;
}

const settled: Told = { generation: 1, observed: 1, replicas: 2, updated: 2, available: 2, image: 'shop:v1', revision: '1' };

async function cluster() {
  const state = { told: settled, status: 200, asked: [] as string[] };
  const url = await serve((request, response) => {
    state.asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    const { generation, observed, replicas, updated, available, image, revision, action } = state.told;
    const annotations = { 'deployment.kubernetes.io/revision': revision, 'hale.dev/action': action };
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'checkout', namespace: 'shop', generation, annotations },
      spec: { replicas, selector: { matchLabels: {} }, template: { metadata: {}, spec: { containers: [{ name: 'app', image }] } } },
      status: { observedGeneration: observed, replicas, updatedReplicas: updated, availableReplicas: available },
    };
    response.writeHead(state.status, { 'content-type': 'application/json' }).end(JSON.stringify(deployment));
  });
  const access = join(await freshFolder(), 'kubeconfig');
  await writeFile(
    access,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'c',
      clusters: [{ name: 'c', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'u', user: { token: 'secret' } }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    }),
  );
  const feed: KubernetesFeed = {
    kind: 'kubernetes',
    name: 'eu',
    access,
    everyMs: 0,
    deployments: [{ service: 'checkout', namespace: 'shop', deployment: 'checkout' }],
  };
  let cursor: unknown;
  const look = async (change: Partial<Told> = {}) => {
    state.told = { ...state.told, ...change };
    const reading = await readRollouts(feed, cursor, 1_000);
    cursor = JSON.parse(JSON.stringify(reading.cursor));
    return reading.changes;
  };
  return { state, look };
}

test('a new image is a deploy from its generation until it is rolled out, and is told under one id', async () => {
  const { state, look } = await cluster();
  expect(await look()).toEqual([]);
  const began = await look({ generation: 2, image: 'shop:v2', updated: 0 });
  expect(began).toMatchObject([{ service: 'checkout', source: 'eu', kind: 'deploy', state: 'started', summary: 'shop/checkout: shop:v2' }]);
  expect(await look({ observed: 2, revision: '2', updated: 1 })).toEqual([]);
  const ended = await look({ updated: 2 });
  expect(ended).toMatchObject([{ id: began[0]?.id, state: 'finished', reference: 'revision 2' }]);
  expect(await look()).toEqual([]);
  expect(new Set(state.asked)).toEqual(new Set(['GET /apis/apps/v1/namespaces/shop/deployments/checkout Bearer secret']));
});

test('another number of replicas is scaling, and a pod that dies is no change', async () => {
  const { look } = await cluster();
  await look();
  expect(await look({ generation: 2, observed: 2, replicas: 3, updated: 3, available: 3 })).toMatchObject([
    { kind: 'scaling', state: 'finished', summary: 'shop/checkout: 2 to 3 replicas' },
  ]);
  expect(await look({ available: 2 })).toEqual([]);
  expect(await look({ available: 3 })).toEqual([]);
});

test('a change that hale made itself is told as such, from its beginning to its end, and the next one by somebody else is not', async () => {
  const { look } = await cluster();
  await look();
  const own = { generation: 2, image: 'shop:v0', updated: 0, action: 'cycle/1/undo-rollout' };
  expect(await look(own)).toMatchObject([{ kind: 'deploy', state: 'started', by: 'hale' }]);
  expect(await look({ observed: 2, updated: 2 })).toMatchObject([{ state: 'finished', by: 'hale' }]);
  const [next] = await look({ generation: 3, observed: 3, image: 'shop:v2' });
  expect(next).toMatchObject({ kind: 'deploy' });
  expect(next).not.toHaveProperty('by');
});

test('an answer that is no Deployment, or a refusal, is an error and no change', async () => {
  const { state, look } = await cluster();
  await look();
  state.status = 403;
  await expect(look()).rejects.toThrow();
  state.status = 200;
  await expect(look({ generation: undefined })).rejects.toThrow('it has no generation');
});

test('a list that the cluster forgets half-way (410) is read anew, and no Deployment twice', async () => {
  const item = (name: string) => ({ metadata: { name, namespace: 'shop' }, spec: {} });
  const asked: (string | null)[] = [];
  const url = await serve((request, response) => {
    const next = new URL(request.url ?? '', 'http://cluster').searchParams.get('continue');
    asked.push(next);
    const isGone = next === 'page-2' && asked.filter((one) => one === 'page-2').length === 1;
    const list = next === null ? { metadata: { continue: 'page-2' }, items: [item('a')] } : { metadata: {}, items: [item('b')] };
    const body = isGone ? { kind: 'Status', code: 410, reason: 'Expired' } : { kind: 'DeploymentList', apiVersion: 'apps/v1', ...list };
    response.writeHead(isGone ? 410 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  const access = join(await freshFolder(), 'kubeconfig');
  const cluster = { server: url, 'insecure-skip-tls-verify': true };
  const names = {
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user: {} }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
  };
  await writeFile(access, JSON.stringify({ apiVersion: 'v1', kind: 'Config', 'current-context': 'c', ...names }));
  vi.stubEnv('KUBECONFIG', access);
  onTestFinished(() => void vi.unstubAllEnvs());
  const { deployments } = await readDeployments(5_000);
  expect(deployments.map(({ name }) => name)).toEqual(['a', 'b']);
  expect(asked).toEqual([null, 'page-2', null, 'page-2']);
});
