// What doctor is told by a cluster about hale's account there. The answers are those of a real kube-apiserver, recorded with
// `npm run test:kubernetes -- --record`; without `--record` that command runs these same tests against it.
import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { kubernetesCommands, permissionsOf, ruleText, type KubernetesCommand, type Permission } from '../../domain/cluster.js';
import { freePort } from '../../workers/stack/ports.js';
import { asked } from '../support/asked.js';
import { sceneFor, type Scene } from '../support/kubernetes/scene.js';

const words: Readonly<Record<KubernetesCommand, string>> = {
  rolloutRestart: '',
  rolloutUndo: '',
  scale: 'replicas: {by: 2, max: 10}, ',
  deletePod: 'on: instance, ',
  cordon: 'on: instance, ',
};

const at = ({ access, namespace }: Pick<Scene, 'access' | 'namespace'>, command: KubernetesCommand, ...deployments: string[]) =>
  `sources: {eu: {kubernetes: ${access}, namespaces: [${namespace}]}}
services:
${['checkout', ...deployments]
  .map(
    (name) => `  ${name}:
    instances: [pod-1]
    target: {source: eu, deployment: ${namespace}/${name}}
    corrections: {fix: {kubernetes: ${command}, ${words[command]}mode: act}}
`,
  )
  .join('')}`;

const roleAt = ({ access, namespace }: Scene): string => `Role in namespace ${namespace} of the cluster of ${access}`;
const placeOf = (scene: Scene, { scope }: Permission): string =>
  scope === 'namespace' ? roleAt(scene) : `ClusterRole of the cluster of ${scene.access}`;

/** The cluster takes a moment to know a Role. */
const granted = (scene: Scene, command: KubernetesCommand): Promise<string[]> =>
  scene.until(async () => {
    const lines = await asked(at(scene, command));
    return lines.every((line) => line.startsWith('ok ')) ? lines : undefined;
  });

const roleOf = ({ namespace }: Scene): string => `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/roles/hale`;

const commandFor = new Map(
  kubernetesCommands.toReversed().flatMap((command) => permissionsOf[command].map((permission) => [permission, command] as const)),
);

describe('an account of a cluster', () => {
  it.each(kubernetesCommands)('with what is printed for %s has what it needs, and no more', async (command) => {
    const scene = await sceneFor(command);
    const counted = (scope: Permission['scope']) => permissionsOf[command].filter((one) => one.scope === scope).length;
    const nodes = counted('cluster') === 0 ? [] : [`ok ClusterRole of the cluster of ${scene.access}: hale has 2 rights that it needs`];
    expect(await granted(scene, command)).toEqual([...nodes, `ok ${roleAt(scene)}: hale has ${counted('namespace')} rights that it needs`]);
  });

  it.each([...commandFor].map(([one, command]) => [`${one.verb} ${one.resource}`, command, one] as const))(
    'without %s is told that rule, and that %s needs it',
    async (_rule, command, permission) => {
      const scene = await sceneFor(command);
      await granted(scene, command);
      await scene.withhold(permission);
      const lines = (await asked(at(scene, command))).filter((line) => !line.startsWith('ok '));
      expect(lines).toEqual([`trouble ${placeOf(scene, permission)}: missing for checkout/fix: ${ruleText(permission)}`]);
    },
  );

  it('may do it to the Deployments that its Role names: the others are told', async () => {
    const scene = await sceneFor('rolloutRestart');
    await granted(scene, 'rolloutRestart');
    const rules = [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'patch'], resourceNames: ['checkout'] }];
    await scene.admin('PATCH', roleOf(scene), { rules });
    const lines = await scene.until(async () => {
      const found = await asked(at(scene, 'rolloutRestart', 'cart'));
      return found.some((line) => line.startsWith('trouble')) ? found : undefined;
    });
    const missing = (verb: 'get' | 'patch') =>
      `trouble ${roleAt(scene)}: missing for checkout/fix, cart/fix (on cart): {apiGroups: ["apps"], resources: [deployments], verbs: [${verb}]}`;
    expect(lines).toEqual([missing('get'), missing('patch')]);
    expect(await asked(at(scene, 'rolloutRestart'))).toEqual([`ok ${roleAt(scene)}: hale has 2 rights that it needs`]);
  });

  it('that may more is warned of, with what', async () => {
    const scene = await sceneFor('rolloutRestart');
    await granted(scene, 'rolloutRestart');
    const rules = [
      { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'patch', 'delete'] },
      { apiGroups: [''], resources: ['secrets'], verbs: ['get'] },
    ];
    await scene.admin('PATCH', roleOf(scene), { rules });
    const more = `in ${scene.namespace} it may also delete deployments.apps, get secrets`;
    const lines = await scene.until(async () => {
      const found = await asked(at(scene, 'rolloutRestart'));
      return found.length > 1 ? found : undefined;
    });
    expect(lines).toEqual([
      `ok ${roleAt(scene)}: hale has 2 rights that it needs`,
      `warning ${roleAt(scene)}: more than the corrections need: ${more}`,
    ]);
  });

  it('that needs nodes for one namespace is not warned of them in another', async () => {
    const scene = await sceneFor('cordon');
    await granted(scene, 'cordon');
    const source = `kubernetes: ${scene.access}, namespaces: [${scene.namespace}`;
    const other = `  other:
    target: {source: eu, deployment: default/other}
    corrections: {fix: {kubernetes: rolloutRestart, mode: act}}
`;
    const lines = await asked(`${at(scene, 'cordon').replace(source, `${source}, default`)}${other}`);
    expect(lines.filter((line) => line.startsWith('warning'))).toEqual([]);
    expect(lines.filter((line) => line.startsWith('trouble Role in namespace default'))).toHaveLength(2);
  });

  it('that may do everything is warned of in one line', async () => {
    const scene = await sceneFor('rolloutRestart');
    await scene.admin('PATCH', roleOf(scene), { rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] });
    const more = `more than the corrections need: in ${scene.namespace} it may also do anything with everything`;
    const lines = await scene.until(async () => {
      const found = await asked(at(scene, 'rolloutRestart'));
      return found.length > 1 && found[0]?.startsWith('ok') === true ? found : undefined;
    });
    expect(lines).toEqual([`ok ${roleAt(scene)}: hale has 2 rights that it needs`, `warning ${roleAt(scene)}: ${more}`]);
  });

  it('whom the cluster does not know is unknown', async () => {
    const scene = await sceneFor('rolloutRestart');
    await writeFile(scene.access, (await readFile(scene.access, 'utf8')).replace('hale-token', 'nobody-token'));
    expect(await asked(at(scene, 'rolloutRestart'))).toEqual([
      expect.stringMatching(/^unknown .*the cluster does not accept hale`s credentials: \{apiGroups/),
    ]);
  });
});

describe('a cluster', () => {
  it('that never answers is unknown within seconds', async () => {
    const scene = await sceneFor('rolloutRestart');
    scene.wire.manner = 'hanging';
    const lines = await asked(at(scene, 'rolloutRestart'), { bounds: { eachMs: 300, allMs: 10_000 } });
    expect(lines).toEqual([expect.stringMatching(/^unknown .*did not answer within 300 ms/)]);
  });

  it('that is not there, or whose kubeconfig is not, is unknown', async () => {
    const scene = await sceneFor('rolloutRestart');
    const server = `http://127.0.0.1:${await freePort()}`;
    await writeFile(scene.access, (await readFile(scene.access, 'utf8')).replace(scene.wire.url, server));
    expect(await asked(at(scene, 'rolloutRestart'))).toEqual([expect.stringMatching(/^unknown .*can't be asked: .*ECONNREFUSED/)]);
    const [inside, none] = ['inCluster', '/nowhere/kubeconfig'].map((access) => asked(at({ ...scene, access }, 'rolloutRestart')));
    expect(await inside).toEqual([expect.stringMatching(/^unknown .*this is no pod of the cluster: run it where the workers run: /)]);
    expect(await none).toEqual([expect.stringMatching(/^unknown .*ENOENT/)]);
  });
});
