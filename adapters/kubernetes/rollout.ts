import type { Call, Examined, ReadBack, Target } from '../../activities/ports.js';
import { permissions, type KubernetesAction } from '../../domain/cluster.js';
import type { Image } from '../../domain/effect.js';
import { TargetRefused } from '../../domain/failure.js';
import { change, isMarkedBy } from './change.js';
import { asLeft, changedMeanwhile, nameOf, notApplicable, ownedElsewhere, type Command } from './command.js';
import { controllerOf, hashOf, imagesOf, revisionOf, templateOf, type Deployment, type ReplicaSet, type Template } from './objects.js';
import { deploymentPath, readDeployment, readReplicaSets } from './reads.js';
import type { Server } from './server.js';

/** As kubectl does it: another annotation of the template, so that every pod is replaced in the Deployment's own way. */
const RESTARTED_AT = 'kubectl.kubernetes.io/restartedAt';

const imageOf = (action: KubernetesAction, deployment: Deployment): Image => {
  const template = hashOf(templateOf(deployment));
  const revision = revisionOf(deployment);
  return {
    identity: `${deployment.metadata.uid} template ${template}`,
    summary: `${nameOf(action)} is at revision ${revision}: ${imagesOf(deployment.spec.template)}`,
    content: { template, revision, paused: deployment.spec.paused ?? false, controller: controllerOf(deployment.metadata) ?? null },
  };
};

const look = async (server: Server, { action }: Target<KubernetesAction>): Promise<Image> =>
  imageOf(action, await readDeployment(server, action));

const paused = (action: KubernetesAction): string =>
  `the rollout of ${nameOf(action)} is paused: nothing would come of it until somebody resumes it`;

/** Puts a template into the Deployment, where the one that is expected stands. */
async function setTemplate(
  server: Server,
  call: Call<KubernetesAction>,
  expected: Image,
  templateFor: (now: Deployment) => Template,
): Promise<Image> {
  const { action } = call;
  const changed = await change(server, call, {
    path: deploymentPath(action),
    needs: permissions.patchDeployment,
    namespace: action.namespace,
    read: () => readDeployment(server, action),
    unlike: (now) => {
      const image = imageOf(action, now);
      if (image.identity !== expected.identity) return changedMeanwhile(image);
      return image.content.paused === true ? paused(action) : undefined;
    },
    operations: (now) => [{ op: 'replace', path: '/spec/template', value: templateFor(now) }],
  });
  return imageOf(action, changed);
}

async function readBack(server: Server, call: Call<KubernetesAction>): Promise<ReadBack> {
  const deployment = await readDeployment(server, call.action);
  const now = imageOf(call.action, deployment);
  if (isMarkedBy(deployment, call.actionId)) return { kind: 'applied', after: asLeft(call, now) };
  if (now.identity === call.before.identity) return { kind: 'notApplied' };
  return { kind: 'unknown', why: `somebody else has changed it since: ${now.summary}` };
}

export const rolloutRestart: Command = {
  look,
  readBack,
  examine: async (_server, { action }, { content, summary }) =>
    content.paused === true ? notApplicable(paused(action)) : { applicable: true, evidence: summary },
  act: (server, call) => setTemplate(server, call, call.before, restarted),
  undo: async () => {
    throw new Error('pods that were replaced can`t be brought back');
  },
};

function restarted({ spec: { template } }: Deployment): Template {
  const annotations = { ...template.metadata?.annotations, [RESTARTED_AT]: new Date().toISOString() };
  return { ...template, metadata: { ...template.metadata, annotations } };
}

export const rolloutUndo: Command = {
  look,
  readBack,
  examine: async (server, target, current) => examineUndo(server, target, current),
  act: async (server, call) => {
    const { goal, before } = call;
    if (goal === undefined) throw new TargetRefused('it was prepared without saying what it is to become');
    return asLeft(call, await setTemplate(server, call, before, await kept(server, call.action, goal)));
  },
  undo: async (server, call, after) => {
    const { action, before } = call;
    const now = await look(server, call);
    if (now.identity === before.identity) return { kind: 'undone', now };
    if (now.identity !== after.identity) return { kind: 'changedMeanwhile', now };
    try {
      return { kind: 'undone', now: await setTemplate(server, call, after, await kept(server, action, before)) };
    } catch (error) {
      const then = error instanceof TargetRefused ? await look(server, call) : now;
      if (then.identity === after.identity) throw error;
      return { kind: 'changedMeanwhile', now: then };
    }
  },
};

async function examineUndo(server: Server, { action }: Target<KubernetesAction>, current: Image): Promise<Examined> {
  const { content } = current;
  if (content.paused === true) return notApplicable(paused(action));
  const owned = action.through === undefined ? ownedElsewhere(action, content.controller) : undefined;
  if (owned !== undefined) return notApplicable(owned);
  const deployment = await readDeployment(server, action);
  const sets = await readReplicaSets(server, action, deployment);
  const inForce = sets.find((one) => hashOf(templateOf(one)) === content.template);
  const previous = previousOf(sets, inForce, content.template);
  if (previous === undefined) return notApplicable(`${nameOf(action)} has no earlier revision to go back to`);
  const goal = goalOf(action, deployment, previous);
  const since = inForce?.metadata.creationTimestamp;
  return {
    applicable: true,
    evidence: `${current.summary}; the revision before it: ${goal.summary}`,
    goal,
    ...(since === undefined ? {} : { changedAt: Date.parse(since) }),
  };
}

/** The youngest revision that is older than the one in force, which may be so new that it has no ReplicaSet yet. */
const previousOf = (sets: readonly ReplicaSet[], inForce: ReplicaSet | undefined, template: unknown): ReplicaSet | undefined =>
  sets
    .filter((one) => hashOf(templateOf(one)) !== template && (inForce === undefined || revisionOf(one) < revisionOf(inForce)))
    .toSorted((one, other) => revisionOf(other) - revisionOf(one))[0];

const goalOf = (action: KubernetesAction, { metadata }: Deployment, set: ReplicaSet): Image => ({
  identity: `${metadata.uid} template ${hashOf(templateOf(set))}`,
  summary: `${nameOf(action)} as in revision ${revisionOf(set)}: ${imagesOf(set.spec.template)}`,
  content: { template: hashOf(templateOf(set)), revision: revisionOf(set) },
});

/** The cluster itself keeps earlier templates, in ReplicaSets: hale stores none, since there may be secrets in them. */
async function kept(server: Server, action: KubernetesAction, { content, summary }: Image): Promise<() => Template> {
  const sets = await readReplicaSets(server, action, await readDeployment(server, action));
  const set = sets.find((one) => hashOf(templateOf(one)) === content.template);
  if (set === undefined) throw new TargetRefused(`its ReplicaSet is gone: ${summary}`);
  return () => templateOf(set);
}
