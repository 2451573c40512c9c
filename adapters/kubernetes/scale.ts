import type { Call, Target } from '../../activities/ports.js';
import { permissions, type KubernetesAction } from '../../domain/cluster.js';
import type { Image } from '../../domain/effect.js';
import { TargetRefused } from '../../domain/failure.js';
import { change, isMarkedBy, type Changed } from './change.js';
import { asLeft, changedMeanwhile, leftBy, nameOf, notApplicable, ownedElsewhere, takeBack, type Command } from './command.js';
import { controllerOf, type Deployment } from './objects.js';
import { deploymentPath, readAutoscaler, readDeployment } from './reads.js';
import type { Server } from './server.js';

const imageOf = (action: KubernetesAction, { metadata, spec: { replicas = 1 } }: Deployment): Image => ({
  identity: `${metadata.uid} replicas ${replicas}`,
  summary: `${nameOf(action)} has ${replicas} replicas`,
  content: { uid: metadata.uid, replicas, controller: controllerOf(metadata) ?? null },
});

const look = async (server: Server, { action }: Target<KubernetesAction>): Promise<Image> =>
  imageOf(action, await readDeployment(server, action));

export const scale: Command = {
  look,
  examine: async (server, { action }, { content, summary }) => {
    if (action.command !== 'scale') return notApplicable(`${action.command} does not scale`);
    const owner = await autoscaled(server, action);
    if (owner !== undefined) return notApplicable(owner);
    const owned = action.through === undefined ? ownedElsewhere(action, content.controller) : undefined;
    if (owned !== undefined) return notApplicable(owned);
    const now = Number(content.replicas);
    if (now === 0) return notApplicable(`${nameOf(action)} was scaled to nothing: somebody wants it so`);
    const replicas = Math.min(now + action.by, action.max);
    if (replicas <= now) return notApplicable(`${summary}, and ${action.max} are allowed at most`);
    const goal = { identity: `${String(content.uid)} replicas ${replicas}`, summary: `${replicas} replicas`, content: { replicas } };
    return { applicable: true, evidence: `${summary}; then ${replicas}`, goal };
  },
  act: async (server, call) => {
    if (call.goal === undefined) throw new TargetRefused('it was prepared without saying what it is to become');
    return leftBy(call, await setReplicas(server, call, call.before, call.goal));
  },
  readBack: async (server, call) => {
    const deployment = await readDeployment(server, call.action);
    const now = imageOf(call.action, deployment);
    if (isMarkedBy(deployment, call.actionId)) return { kind: 'applied', after: asLeft(call, now) };
    if (now.identity === call.before.identity) return { kind: 'notApplied' };
    return { kind: 'unknown', why: `somebody else has scaled it since: ${now.summary}` };
  },
  undo: (server, call, after) =>
    takeBack(
      call,
      after,
      () => look(server, call),
      () => setReplicas(server, call, after, call.before),
    ),
};

async function setReplicas(server: Server, call: Call<KubernetesAction>, expected: Image, wanted: Image): Promise<Changed<Image>> {
  const { action } = call;
  const owner = await autoscaled(server, action);
  if (owner !== undefined) throw new TargetRefused(owner);
  const changed = await change(server, call, {
    path: deploymentPath(action),
    needs: permissions.patchDeployment,
    namespace: action.namespace,
    read: () => readDeployment(server, action),
    unlike: (now) => {
      const image = imageOf(action, now);
      return image.identity === expected.identity ? undefined : changedMeanwhile(image);
    },
    operations: () => [{ op: 'replace', path: '/spec/replicas', value: wanted.content.replicas }],
  });
  return { ...changed, now: imageOf(action, changed.now) };
}

/** Two who set one number would fight for it. */
async function autoscaled(server: Server, action: KubernetesAction): Promise<string | undefined> {
  const owner = await readAutoscaler(server, action);
  return owner && `HorizontalPodAutoscaler ${owner.metadata.name} decides how many replicas ${nameOf(action)} has`;
}
