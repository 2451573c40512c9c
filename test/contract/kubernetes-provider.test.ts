// Corrections of a cluster. The answers are those of a real kube-apiserver, recorded with `npm run test:kubernetes -- --record`;
// without `--record` that command runs these same tests against it.
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kubernetesProvider } from '../../adapters/kubernetes/provider.js';
import { kubernetesCommands, permissionsOf, type KubernetesAction, type KubernetesCommand } from '../../domain/cluster.js';
import { NotPermitted, TargetRefused } from '../../domain/failure.js';
import { freshFolder } from '../support/knob.js';
import { listen } from '../support/listen.js';
import { kubeconfig, sceneFor, type Scene, type Thing } from '../support/kubernetes/scene.js';
import { callOn, holdsProviderContract, undoOf, type Bench } from '../../testing/provider.contract.js';

interface ClusterBench extends Bench<KubernetesAction> {
  readonly scene: Scene;
}

const actionOn = ({ access, namespace }: Scene, command: KubernetesCommand, instance = ''): KubernetesAction => {
  const place = { kind: 'kubernetes', access, namespace, deployment: 'checkout' } as const;
  if (command === 'scale') return { ...place, command, by: 2, max: 10 };
  return command === 'deletePod' || command === 'cordon' ? { ...place, command, instance } : { ...place, command };
};

/** What every bench has, whatever the cluster does with it. */
function bench(scene: Scene, command: KubernetesCommand, instance?: string): Omit<ClusterBench, 'effects' | 'state' | 'remove'> {
  const { wire } = scene;
  return {
    scene,
    provider: kubernetesProvider(),
    target: {
      service: 'checkout',
      ...(instance === undefined ? {} : { instance }),
      action: actionOn(scene, command, instance),
      timeoutMs: 10_000,
    },
    loseAnswers: async () => void (wire.manner = 'silent'),
    hang: async () => void (wire.manner = 'hanging'),
  };
}

/** Revision 3 is in force, 2 and 1 came before it, each in a second of its own: the cluster knows no shorter time. */
async function ofDeployment(command: 'rolloutRestart' | 'rolloutUndo' | 'scale'): Promise<ClusterBench> {
  const scene = await sceneFor(command);
  const { deployment, admin, deploymentPath, until, replicaSets, deploy } = scene;
  const revision = async (wanted: string) => (await replicaSets()).find((one) => one.metadata.annotations?.[REVISION] === wanted);
  if (command === 'rolloutUndo')
    for (const version of [2, 3]) {
      await nextSecond(scene);
      await deploy(`shop:v${version}`);
      await until(() => revision(`${version}`));
    }
  const generation = async () => (await deployment())?.metadata.generation ?? 0;
  const [began, own] = [await generation(), { changes: 0 }];
  return {
    ...bench(scene, command),
    effects: async () => ((await deployment()) === undefined ? 0 : (await generation()) - began - own.changes),
    state: async () => {
      const { spec } = (await deployment()) ?? {};
      return JSON.stringify([spec?.template, spec?.replicas]);
    },
    disturb: async () => {
      own.changes++;
      if (command === 'scale') await admin('PATCH', deploymentPath, { spec: { replicas: 7 } });
      else await deploy('shop:v9');
    },
    tempt: async () => {
      const [first, second] = [await revision('1'), await revision('2')];
      for (const [set, as] of [
        [first, '2'],
        [second, '1'],
      ] as const)
        if (set !== undefined)
          await admin('PATCH', `${deploymentPath.replace('deployments/checkout', 'replicasets')}/${set.metadata.name}`, {
            metadata: { annotations: { [REVISION]: as } },
          });
      return undefined;
    },
    remove: async () => void (await admin('DELETE', deploymentPath)),
  };
}

const REVISION = 'deployment.kubernetes.io/revision';

/** After this a new ReplicaSet is younger than all others, by whole seconds of the cluster. */
const nextSecond = ({ replicaSets, until }: Scene): Promise<true> =>
  until(async () => (Date.now() - Math.max(...(await replicaSets()).map(createdAt)) > 1_000 ? true : undefined));

const createdAt = ({ metadata }: Thing): number => Date.parse(metadata.creationTimestamp ?? '');

async function somePod(scene: Scene): Promise<Thing> {
  const [pod] = await scene.until(async () => {
    const pods = await scene.pods();
    return pods.length === 2 ? pods : undefined;
  });
  if (pod === undefined) throw new Error('the Deployment has no pod');
  return pod;
}

async function ofPod(): Promise<ClusterBench> {
  const scene = await sceneFor('deletePod');
  const pod = await somePod(scene);
  const path = `/api/v1/namespaces/${scene.namespace}/pods/${pod.metadata.name}`;
  const isThere = async () => (await scene.admin('GET', path))?.metadata.uid === pod.metadata.uid;
  let others = 0;
  const remove = async () => {
    others++;
    await scene.admin('DELETE', path);
  };
  return {
    ...bench(scene, 'deletePod', pod.metadata.name),
    effects: async () => ((await isThere()) ? 0 : 1 - others),
    state: async () => ((await isThere()) ? 'there' : 'gone'),
    disturb: remove,
    remove,
  };
}

async function ofNode(): Promise<ClusterBench> {
  const scene = await sceneFor('cordon');
  const { namespace, admin } = scene;
  const pod = await somePod(scene);
  const name = `node-${namespace}`;
  const path = `/api/v1/nodes/${name}`;
  await admin('POST', '/api/v1/nodes', { metadata: { name } });
  const binding = { metadata: { name: pod.metadata.name }, target: { kind: 'Node', name } };
  await admin('POST', `/api/v1/namespaces/${namespace}/pods/${pod.metadata.name}/binding`, binding);
  const node = () => admin('GET', path);
  return {
    ...bench(scene, 'cordon', pod.metadata.name),
    effects: async () => ((await node())?.metadata.annotations?.['hale.dev/action'] === undefined ? 0 : 1),
    state: async () => JSON.stringify((await node())?.spec?.unschedulable ?? false),
    // A person makes it theirs.
    disturb: async () =>
      void (await admin('PATCH', path, { metadata: { annotations: { 'hale.dev/action': null } }, spec: { unschedulable: true } })),
    remove: async () => void (await admin('DELETE', path)),
  };
}

const benchOf = (command: KubernetesCommand): Promise<ClusterBench> =>
  command === 'deletePod' ? ofPod() : command === 'cordon' ? ofNode() : ofDeployment(command);

const replayed = { vanishing: 'its answers are replayed, and when it is seen that something was done is never the same twice' };
const noGoal = { goal: 'there is nothing to choose: what becomes of it is what the configuration says', ...replayed };
const noUndo = { undo: 'pods that are gone can`t be brought back', ...noGoal };

holdsProviderContract('kubernetes rolloutRestart', () => ofDeployment('rolloutRestart'), noUndo);
holdsProviderContract('kubernetes rolloutUndo', () => ofDeployment('rolloutUndo'), replayed);
holdsProviderContract('kubernetes scale', () => ofDeployment('scale'), {
  goal: 'the goal follows from what was there before',
  ...replayed,
});
holdsProviderContract('kubernetes deletePod', ofPod, noUndo);
holdsProviderContract('kubernetes cordon', ofNode, noGoal);

/** Another Deployment, whose pods have all the labels of the first one's; its second release. */
async function canary({ admin, deploymentPath, replicaSets, until }: Scene): Promise<void> {
  const labels = { app: 'checkout', track: 'canary' };
  const release = (image: string) => ({ template: { metadata: { labels }, spec: { containers: [{ name: 'app', image }] } } });
  const metadata = { name: 'canary' };
  const spec = { replicas: 1, selector: { matchLabels: labels }, ...release('canary:v1') };
  await admin('POST', deploymentPath.replace(/\/checkout$/, ''), { metadata, spec });
  const owned = (sets: number) => async () => ((await replicaSets()).filter(isCanary).length === sets ? true : undefined);
  await until(owned(1));
  await admin('PATCH', deploymentPath.replace(/checkout$/, 'canary'), { spec: release('canary:v2') });
  await until(owned(2));
}

const isCanary = ({ metadata }: Thing): boolean => metadata.ownerReferences?.[0]?.name.startsWith('canary') === true;

/** Why a correction is not made, wherever that is found out. */
async function refusalOf({ provider, target, good, ...more }: Bench<KubernetesAction>): Promise<string> {
  try {
    const call = await callOn({ provider, target, ...(good && { good }), ...more });
    const seen = await provider.examine(target, call.before, good);
    if (!seen.applicable) return seen.reason;
    await provider.apply(call);
    return 'it was made';
  } catch (error) {
    return String(error);
  }
}

const needed = kubernetesCommands.flatMap((command) =>
  permissionsOf[command].map((one) => [command, one.verb, one.resource, one] as const),
);

describe('a service account', () => {
  it.each(needed)('that may do all that %s needs but %s %s is told so', async (command, verb, resource, permission) => {
    const bench = await benchOf(command);
    await bench.scene.withhold(permission);
    const where = permission.scope === 'cluster' ? 'the cluster' : bench.scene.namespace;
    expect(await refusalOf(bench)).toContain(`no permission: needs ${verb} ${resource} in ${where}`);
    expect(await bench.effects()).toBe(0);
  });
});

describe('rolloutUndo', () => {
  const imageOf = ({ spec }: Thing): string =>
    (spec as { template: { spec: { containers: [{ image: string }] } } }).template.spec.containers[0].image;

  /** The one ReplicaSet of a release, at that revision. */
  const setOf = ({ scene }: Pick<ClusterBench, 'scene'>, image: string, at: string) =>
    scene.until(async () =>
      (await scene.replicaSets()).find((one) => imageOf(one) === image && one.metadata.annotations?.[REVISION] === at),
    );

  const examined = async ({ provider, target, good }: Pick<ClusterBench, 'provider' | 'target' | 'good'>) => {
    const seen = await provider.examine(target, await provider.image(target), good);
    if (!seen.applicable) throw new Error(seen.reason);
    return seen;
  };

  it('never goes forward to what was taken away, and takes no undo for a deploy', async () => {
    const bench = await ofDeployment('rolloutUndo');
    await bench.provider.apply(await callOn(bench));
    const brought = await setOf(bench, 'shop:v2', '4');
    expect(await examined(bench)).toMatchObject({ goal: { summary: expect.stringMatching(/shop:v1$/) }, changedAt: createdAt(brought) });
  });

  it('takes pods that were started anew for the release that they are of, and its age for theirs', async () => {
    const bench = await ofDeployment('rolloutUndo');
    const { admin, deploymentPath } = bench.scene;
    const deployed = await setOf(bench, 'shop:v3', '3');
    await nextSecond(bench.scene);
    const annotations = { 'kubectl.kubernetes.io/restartedAt': '2026-11-28T22:00:00Z' };
    await admin('PATCH', deploymentPath, { spec: { template: { metadata: { annotations } } } });
    await setOf(bench, 'shop:v3', '4');
    expect(await examined(bench)).toMatchObject({ goal: { summary: expect.stringMatching(/shop:v2$/) }, changedAt: createdAt(deployed) });
  });

  it('goes back to no release of another Deployment with the same labels', async () => {
    const scene = await sceneFor('rolloutUndo');
    await canary(scene);
    await nextSecond(scene);
    await scene.deploy('shop:v2');
    await setOf({ scene }, 'shop:v2', '2');
    expect(await examined(bench(scene, 'rolloutUndo'))).toMatchObject({ goal: { summary: expect.stringMatching(/shop:v1$/) } });
  });

  it('takes back what an admission webhook has made of its change', async () => {
    const bench = await ofDeployment('rolloutUndo');
    const { deploy, deployment, wire } = bench.scene;
    const original = await bench.state();
    const call = await callOn(bench);
    await deploy('shop:v2-signed');
    const made = await deployment();
    await deploy('shop:v3');
    wire.instead.push({ method: 'PATCH', status: 200, body: made });
    const after = await bench.provider.apply(call);
    await deploy('shop:v2-signed');
    expect(await bench.provider.undo(undoOf(call), after)).toMatchObject({ kind: 'undone' });
    expect(await bench.state()).toBe(original);
  });
});

describe('a change is sent', () => {
  it('only where it is still permitted after a busy server has sent it back', async () => {
    const bench = await benchOf('scale');
    bench.scene.wire.instead.push({ method: 'PATCH', status: 429, body: { kind: 'Status', message: 'too many' }, retryAfter: '0' });
    let asked = 0;
    const permit = async () => {
      if (asked++ > 0) throw new NotPermitted('stop');
    };
    await expect(bench.provider.apply(await callOn(bench, { permit }))).rejects.toThrow(NotPermitted);
    expect(await bench.effects()).toBe(0);
  });

  it.each(['scale', 'deletePod'] as const)(
    'with nothing between its permission and the wire, not even credentials: %s',
    async (command) => {
      const bench = await benchOf(command);
      const asked = join(await freshFolder(), 'asked');
      const credential = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token: 'hale-token' } };
      const script = `echo asked >> ${asked}; echo '${JSON.stringify(credential)}'`;
      await writeFile(bench.scene.access, JSON.stringify(kubeconfig(bench.scene.wire.url, executing('/bin/sh', '-c', script))));
      const times = async () => (await readFile(asked, 'utf8')).length;
      let before = 0;
      const permit = async () => void (before = await times());
      await bench.provider.apply(await callOn(bench, { permit }));
      expect(await times()).toBe(before);
      expect(await bench.effects()).toBe(1);
    },
  );

  it('never, where the credentials do not come in time', async () => {
    const bench = await benchOf('scale');
    const call = await callOn(bench, { timeoutMs: 500 });
    // It waits for a word that nobody says.
    await writeFile(bench.scene.access, JSON.stringify(kubeconfig(bench.scene.wire.url, executing('/bin/cat'))));
    await expect(bench.provider.apply(call)).rejects.toThrow(/within 500 ms/);
    expect(await bench.effects()).toBe(0);
  });
});

const executing = (command: string, ...args: string[]) => ({
  exec: { apiVersion: 'client.authentication.k8s.io/v1', command, args, interactiveMode: 'Never' },
});

describe('kubernetes', () => {
  it('looks and compares again when the object has another version, and acts where what it corrects is the same', async () => {
    const bench = await benchOf('scale');
    const { admin, deploymentPath, deployment } = bench.scene;
    let asked = 0;
    const permit = async () => {
      if (asked++ === 0) await admin('PATCH', deploymentPath, { metadata: { annotations: { 'example.com/seen': 'yes' } } });
    };
    await bench.provider.apply(await callOn(bench, { permit }));
    const now = await deployment();
    // Once for the annotation, and for each status that the cluster itself wrote meanwhile.
    expect(asked).toBeGreaterThan(1);
    expect(now?.spec?.replicas).toBe(4);
    expect(now?.metadata.annotations).toMatchObject({
      'example.com/seen': 'yes',
      'hale.dev/action': 'cycle/1/fix',
      'hale.dev/fence': '7',
    });
  });

  it('lets nobody act whose fence is smaller than one that was seen there', async () => {
    const bench = await benchOf('rolloutRestart');
    const call = await callOn(bench);
    await bench.scene.admin('PATCH', bench.scene.deploymentPath, { metadata: { annotations: { 'hale.dev/fence': '12' } } });
    const before = await bench.state();
    await expect(bench.provider.apply(call)).rejects.toThrow('under fence 12, and this call has 7');
    expect(await bench.state()).toBe(before);
    await bench.provider.apply({ ...call, fence: '13' });
    expect(await bench.state()).not.toBe(before);
  });

  it('takes what it left for its after-image, not what somebody made of it before the lost answer was read back', async () => {
    const bench = await benchOf('scale');
    const call = await callOn(bench);
    await bench.loseAnswers?.();
    await expect(bench.provider.apply(call)).rejects.not.toBeInstanceOf(TargetRefused);
    await bench.disturb?.();
    const found = await bench.provider.readBack(call);
    expect(found).toMatchObject({ kind: 'applied', after: { identity: call.goal?.identity } });
    if (found.kind !== 'applied') throw new Error(found.kind);
    expect(await bench.provider.undo(undoOf(call), found.after)).toMatchObject({ kind: 'changedMeanwhile' });
  });

  it('can not tell what became of a call after somebody else has changed the same', async () => {
    const bench = await benchOf('rolloutUndo');
    const call = await callOn(bench);
    await bench.disturb?.();
    expect(await bench.provider.readBack(call)).toMatchObject({ kind: 'unknown', why: expect.stringContaining('shop:v9') });
  });

  it.each(['rolloutRestart', 'rolloutUndo'] as const)('leaves a paused rollout to whoever paused it: %s', async (command) => {
    const bench = await benchOf(command);
    const call = await callOn(bench);
    await bench.scene.admin('PATCH', bench.scene.deploymentPath, { spec: { paused: true } });
    await expect(bench.provider.apply(call)).rejects.toThrow(/is paused/);
    expect(await refusalOf(bench)).toMatch(/is paused/);
  });

  it('leaves a Deployment alone that is being deleted', async () => {
    const bench = await benchOf('rolloutRestart');
    const { admin, deploymentPath } = bench.scene;
    const call = await callOn(bench);
    await admin('PATCH', deploymentPath, { metadata: { finalizers: ['example.com/wait'] } });
    await admin('DELETE', deploymentPath);
    await expect(bench.provider.apply(call)).rejects.toThrow(/is being deleted/);
    expect(await bench.provider.readBack(call)).toMatchObject({ kind: 'unknown', why: expect.stringContaining('is being deleted') });
    expect(await refusalOf(bench)).toMatch(/is being deleted/);
  });

  it.each(['rolloutUndo', 'scale'] as const)(
    'leaves to a repository what a controller would put back, unless it is the way there: %s',
    async (command) => {
      const bench = await benchOf(command);
      const { admin, deploymentPath } = bench.scene;
      await admin('PATCH', deploymentPath, { metadata: { labels: { 'argocd.argoproj.io/instance': 'checkout' } } });
      expect(await refusalOf(bench)).toMatch(/argocd keeps .*\/checkout as its repository says/);
      const action = { ...bench.target.action, through: 'git' };
      expect(await refusalOf({ ...bench, target: { ...bench.target, action } })).toBe('it was made');
    },
  );

  it('fights no autoscaler for the number of replicas', async () => {
    const bench = await benchOf('scale');
    const { admin, namespace } = bench.scene;
    const call = await callOn(bench);
    await admin('POST', `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers`, {
      metadata: { name: 'checkout-busy' },
      spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'checkout' }, maxReplicas: 5 },
    });
    await expect(bench.provider.apply(call)).rejects.toThrow('HorizontalPodAutoscaler checkout-busy decides');
    expect(await refusalOf(bench)).toContain('HorizontalPodAutoscaler checkout-busy decides');
  });

  it('scales to the most that is allowed and no further, and wakes nothing that was scaled to nothing', async () => {
    const bench = await benchOf('scale');
    const { admin, deploymentPath, deployment } = bench.scene;
    const reach = async (replicas: number) => {
      await admin('PATCH', deploymentPath, { spec: { replicas } });
      return refusalOf(bench);
    };
    expect(await reach(9)).toBe('it was made');
    expect((await deployment())?.spec?.replicas).toBe(10);
    expect(await reach(10)).toMatch(/10 are allowed at most/);
    expect(await reach(0)).toMatch(/somebody wants it so/);
  });

  it('evicts no pod that a disruption budget keeps, and names the budget', async () => {
    const bench = await benchOf('deletePod');
    const { admin, namespace, until, pods } = bench.scene;
    const path = `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`;
    const conditions = [{ type: 'Ready', status: 'True' }];
    for (const { metadata } of await pods())
      await admin('PATCH', `/api/v1/namespaces/${namespace}/pods/${metadata.name}/status`, {
        status: { phase: 'Running', podIP: '10.1.2.3', conditions },
      });
    await admin('POST', path, { metadata: { name: 'keep' }, spec: { minAvailable: 2, selector: { matchLabels: { app: 'checkout' } } } });
    await until(async () => ((await admin('GET', `${path}/keep`))?.status?.currentHealthy === 2 ? true : undefined));
    expect(await refusalOf(bench)).toMatch(/TargetRefused: Cannot evict pod .*disruption budget keep/);
    const byAddress = { ...bench.target, action: { ...bench.target.action, instance: '10.1.2.3:9100' } as KubernetesAction };
    expect(await bench.provider.image(byAddress)).toMatchObject({ summary: expect.stringContaining('is Running') });
  });

  it('takes for its own no pod that only has the same labels', async () => {
    const bench = await benchOf('deletePod');
    const { admin, namespace } = bench.scene;
    const containers = [{ name: 'app', image: 'shop:v1' }];
    await admin('POST', `/api/v1/namespaces/${namespace}/pods`, {
      metadata: { name: 'stray', labels: { app: 'checkout' } },
      spec: { containers },
    });
    const target = { ...bench.target, instance: 'stray', action: { ...bench.target.action, instance: 'stray' } as KubernetesAction };
    expect(await refusalOf({ ...bench, target })).toMatch(/stray is no pod of it/);
  });

  it('evicts no pod of another Deployment with the same labels', async () => {
    const bench = await benchOf('deletePod');
    await canary(bench.scene);
    const { name } = (await bench.scene.until(async () => (await bench.scene.pods()).find(isCanary))).metadata;
    const target = { ...bench.target, instance: name, action: { ...bench.target.action, instance: name } as KubernetesAction };
    expect(await refusalOf({ ...bench, target })).toMatch(new RegExp(`${name} is no pod of it`));
  });

  it('comes back when a busy server said to, and gives up where that is too late', async () => {
    const bench = await benchOf('scale');
    const { instead } = bench.scene.wire;
    const busy = { method: 'PATCH', status: 429, body: { kind: 'Status', message: 'too many requests' } };
    instead.push({ ...busy, retryAfter: '3600' });
    await expect(bench.provider.apply(await callOn(bench, { timeoutMs: 500 }))).rejects.toThrow(
      /is too busy: it asks to come back in 3600 s/,
    );
    expect(await bench.effects()).toBe(0);
    instead.push({ ...busy, retryAfter: '1' });
    await bench.provider.apply(await callOn(bench));
    expect(await bench.effects()).toBe(1);
  });

  it('has done nothing where the line breaks before its first change', async () => {
    const access = join(await freshFolder(), 'kubeconfig');
    const server = `http://127.0.0.1:${await listen(createServer((client) => void client.resetAndDestroy()))}`;
    await writeFile(access, JSON.stringify(kubeconfig(server)));
    const action: KubernetesAction = { kind: 'kubernetes', command: 'rolloutRestart', access, namespace: 'shop', deployment: 'checkout' };
    const before = { identity: 'as it was', summary: 'as it was', content: {} };
    const [abort, permit] = [new AbortController().signal, async () => undefined];
    const call = { service: 'checkout', action, timeoutMs: 5_000, actionId: 'cycle/1/fix', fence: '7', before, abort, permit };
    await expect(kubernetesProvider().apply(call)).rejects.toThrow(TargetRefused);
  });

  it('tells a server that failed from one that refused', async () => {
    const bench = await benchOf('scale');
    const { instead } = bench.scene.wire;
    const message = { kind: 'Status', message: 'etcdserver: request timed out' };
    instead.push(
      { method: 'PATCH', status: 504, body: message },
      { method: 'PATCH', status: 422, body: { kind: 'Status', message: 'denied by policy' } },
    );
    await expect(bench.provider.apply(await callOn(bench))).rejects.not.toBeInstanceOf(TargetRefused);
    const refused = bench.provider.apply(await callOn(bench));
    await expect(refused).rejects.toBeInstanceOf(TargetRefused);
    await expect(refused).rejects.toThrow('denied by policy');
  });
});
