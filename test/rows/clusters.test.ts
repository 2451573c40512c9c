// Row 46: what a kube-apiserver may say instead of yes. How a real one says it stands in test/contract/kubernetes-provider.test.ts.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kubernetesProvider } from '../../adapters/kubernetes/provider.js';
import { freshFolder } from '../support/knob.js';
import { serve } from '../support/listen.js';
import { row } from './table.js';

interface Said {
  readonly status: number;
  readonly body: unknown;
  readonly retryAfter?: string;
}

/** Answers to gets and to patches, one after the other; the last one stays. */
interface Cluster {
  readonly gets: readonly Said[];
  readonly patches?: readonly Said[];
}

const deployment = (version: string, more: object = {}, spec: object = {}): Said => ({
  status: 200,
  body: {
    metadata: { name: 'shop', uid: 'u-1', resourceVersion: version, annotations: { 'deployment.kubernetes.io/revision': '3' }, ...more },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'shop' } },
      template: { spec: { containers: [{ name: 'app', image: 'shop:v3' }] } },
      ...spec,
    },
    status: {},
  },
});

const no = (status: number, message: string, retryAfter?: string): Said => ({
  status,
  body: { kind: 'Status', status: 'Failure', message, code: status },
  ...(retryAfter === undefined ? {} : { retryAfter }),
});

const kubeconfig = (server: string) => ({
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'c',
  clusters: [{ name: 'c', cluster: { server, 'insecure-skip-tls-verify': true } }],
  users: [{ name: 'hale', user: { token: 'hale-token' } }],
  contexts: [{ name: 'c', context: { cluster: 'c', user: 'hale' } }],
});

/** A rolling restart at a cluster that answers so; what it came to, and how often it was asked for what. */
const restarted = async (): Promise<(cluster: Cluster) => Promise<string>> => {
  const folder = await freshFolder();
  return async ({ gets, patches = [] }) => {
    const asked = { GET: 0, PATCH: 0 };
    const url = await serve((request, response) => {
      request.resume();
      const method = request.method === 'PATCH' ? 'PATCH' : 'GET';
      const list = method === 'PATCH' ? patches : gets;
      const said = list[Math.min(asked[method], list.length - 1)] ?? no(500, 'not expected');
      asked[method] += 1;
      if (said.retryAfter !== undefined) response.setHeader('retry-after', said.retryAfter);
      response.writeHead(said.status, { 'content-type': 'application/json' }).end(JSON.stringify(said.body));
    });
    const access = join(folder, 'kubeconfig');
    await writeFile(access, JSON.stringify(kubeconfig(url)));
    const action = { kind: 'kubernetes' as const, access, namespace: 'web', deployment: 'shop', command: 'rolloutRestart' as const };
    const [provider, target] = [kubernetesProvider(), { service: 'shop', action, timeoutMs: 1_500 }];
    const came = async (): Promise<string> => {
      const before = await provider.image(target);
      const seen = await provider.examine(target, before, undefined);
      if (!seen.applicable) return `not applicable: ${seen.reason}`;
      const call = {
        ...target,
        actionId: 'cycle-1/1',
        fence: '7',
        before,
        abort: new AbortController().signal,
        permit: async () => undefined,
      };
      const after = await provider.apply(call);
      return `done: ${after.summary}`;
    };
    const said = await came().catch((error: Error) => `${error.constructor.name}: ${error.message}`);
    return `${said}; ${asked.GET} GET, ${asked.PATCH} PATCH`;
  };
};

const server = 'adapters/kubernetes/server.ts';
const stale = no(409, 'the object has been modified');
const busy = no(429, 'too many requests', '1');

row<Cluster>(46, 'HTTP', 'a cluster that says no is read anew, waited for, or left alone, each for its reason', restarted, [
  [
    { gets: [deployment('1'), deployment('1'), deployment('2')], patches: [stale, deployment('3')] },
    /^done: .*; [3-9] GET, 2 PATCH$/,
    ['adapters/kubernetes/change.ts', 'if (!(error instanceof Conflict)) throw error;'],
  ],
  [
    { gets: [no(410, 'too old resource version')] },
    /the cluster answered 410: too old/,
    [server, 'the cluster answered ${status}: ${said}'],
  ],
  [{ gets: [busy, deployment('1')], patches: [deployment('2')] }, /^done: /, [server, 'await sleep(laterMs, undefined, { signal })']],
  [
    { gets: [no(429, 'too many requests', '60')] },
    /is too busy: it asks to come back in 60 s/,
    [server, 'is too busy: it asks to come back in'],
  ],
  [
    { gets: [no(403, 'deployments.apps "shop" is forbidden')] },
    /no permission: needs get deployments.* in web/,
    [server, 'no permission: needs ${needs.verb} ${needs.resource} ${where}'],
  ],
  [
    { gets: [deployment('1', { deletionTimestamp: '2026-11-28T08:00:00Z' })] },
    /deployment web\/shop is being deleted; \d GET, 0 PATCH$/,
    ['adapters/kubernetes/reads.ts', 'is being deleted'],
  ],
  [
    { gets: [deployment('1', {}, { paused: true })] },
    /^not applicable: the rollout of .* is paused/,
    ['adapters/kubernetes/rollout.ts', 'is paused: nothing would come of it'],
  ],
]);
