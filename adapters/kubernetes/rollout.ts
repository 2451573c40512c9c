import type { Call, Examined, ReadBack, Target } from '../../activities/ports.js';
import { permissions, type KubernetesAction } from '../../domain/cluster.js';
import type { Image } from '../../domain/effect.js';
import { TargetRefused } from '../../domain/failure.js';
import { change, isMarkedBy, type Changed } from './change.js';
import { asLeft, changedMeanwhile, leftBy, nameOf, notApplicable, ownedElsewhere, takeBack, type Command } from './command.js';
import {
  controllerOf,
  createdAt,
  hashOf,
  imagesOf,
  releaseOf,
  RESTARTED_AT,
  revisionOf,
  templateOf,
  type Deployment,
  type ReplicaSet,
  type Template,
} from './objects.js';
import { deploymentPath, readDeployment, readReplicaSets } from './reads.js';
import type { Server } from './server.js';

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
): Promise<Changed<Image>> {
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
  return { ...changed, now: imageOf(action, changed.now) };
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
  act: async (server, call) => (await setTemplate(server, call, call.before, restarted)).now,
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
    return leftBy(call, await setTemplate(server, call, before, await kept(server, call.action, goal)));
  },
  undo: (server, call, after) =>
    takeBack(
      call,
      after,
      () => look(server, call),
      async () => setTemplate(server, call, after, await kept(server, call.action, call.before)),
    ),
};

async function examineUndo(server: Server, { action }: Target<KubernetesAction>, current: Image): Promise<Examined> {
  const { content } = current;
  if (content.paused === true) return notApplicable(paused(action));
  const owned = action.through === undefined ? ownedElsewhere(action, content.controller) : undefined;
  if (owned !== undefined) return notApplicable(owned);
  const deployment = await readDeployment(server, action);
  const sets = await readReplicaSets(server, action, deployment);
  const { previous, since } = releasesIn(sets, deployment);
  if (previous === undefined) return notApplicable(`${nameOf(action)} has no earlier revision to go back to`);
  const goal = goalOf(action, deployment, previous);
  return {
    applicable: true,
    evidence: `${current.summary}; the revision before it: ${goal.summary}`,
    goal,
    ...(since === undefined ? {} : { changedAt: since }),
  };
}

/**
 * The release in force and the one that was in force last of all that are older. A revision says little: whatever was undone
 * or started anew gets another one, and what came later than the release in force was taken away, by hale or somebody else.
 */
function releasesIn(
  sets: readonly ReplicaSet[],
  deployment: Deployment,
): { readonly previous: ReplicaSet | undefined; readonly since: number | undefined } {
  const release = releaseOf(deployment);
  const inForce = sets.filter((one) => releaseOf(one) === release);
  // So new that it has no ReplicaSet yet.
  const began = inForce.length === 0 ? undefined : Math.min(...inForce.map(createdAt));
  const older = sets.filter((one) => releaseOf(one) !== release && (began === undefined || createdAt(one) < began));
  const [previous] = older.toSorted((one, other) => revisionOf(other) - revisionOf(one));
  return { previous, since: began };
}

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
