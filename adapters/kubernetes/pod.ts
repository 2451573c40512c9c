import type { Target } from '../../activities/ports.js';
import { permissions, type KubernetesAction } from '../../domain/cluster.js';
import type { Image } from '../../domain/effect.js';
import { TargetRefused } from '../../domain/failure.js';
import { change, isMarkedBy, type Changed } from './change.js';
import { changedMeanwhile, leftBy, nameOf, notApplicable, takeBack, type Command } from './command.js';
import type { Node, Pod } from './objects.js';
import { evictionPath, nodePath, readNode, readPod } from './reads.js';
import { Conflict, Missing, type Server } from './server.js';

const GONE = 'gone';

const podImage = ({ instance = 'it' }: Target<KubernetesAction>, pod: Pod | undefined): Image =>
  pod === undefined || pod.metadata.deletionTimestamp !== undefined
    ? { identity: GONE, summary: `${instance} is no pod of it any more`, content: {} }
    : {
        identity: pod.metadata.uid,
        summary: `pod ${pod.metadata.name} is ${pod.status?.phase ?? 'of unknown phase'} on ${pod.spec?.nodeName ?? 'no node yet'}`,
        content: { name: pod.metadata.name, uid: pod.metadata.uid },
      };

const lookAtPod = async (server: Server, target: Target<KubernetesAction>): Promise<Image> =>
  podImage(target, await readPod(server, target.action));

/** By eviction, so that a PodDisruptionBudget is honoured; whoever owns the pod makes a new one. */
export const deletePod: Command = {
  look: lookAtPod,
  examine: async (_server, _target, { identity, summary }) =>
    identity === GONE ? notApplicable(summary) : { applicable: true, evidence: summary },
  act: async (server, call) => {
    const { action, before } = call;
    const { name, uid } = before.content;
    if (typeof name !== 'string') throw new TargetRefused(before.summary);
    const body = {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name, namespace: action.namespace },
      // The server compares: a pod of the same name that came later is another one.
      deleteOptions: { preconditions: { uid } },
    };
    const request = {
      needs: permissions.evictPod,
      namespace: action.namespace,
      path: evictionPath(action, name),
      body,
      permit: call.permit,
    };
    await server.ask(request).catch((error: unknown) => {
      throw error instanceof Conflict || error instanceof Missing ? new TargetRefused(`pod ${name} is gone already`) : error;
    });
    return podImage(call, undefined);
  },
  readBack: async (server, call) => {
    const now = await lookAtPod(server, call);
    return now.identity === call.before.identity ? { kind: 'notApplied' } : { kind: 'applied', after: now };
  },
  undo: async () => {
    throw new Error('a pod that was deleted can`t be brought back');
  },
};

const nodeImage = (node: Node): Image => {
  const { name, uid, annotations } = node.metadata;
  const by = annotations?.['hale.dev/action'];
  return node.spec?.unschedulable === true
    ? {
        identity: `${uid} cordoned${by === undefined ? '' : ` by ${by}`}`,
        summary: `node ${name} takes no new pods`,
        content: { node: name, cordoned: true },
      }
    : { identity: `${uid} open`, summary: `node ${name} takes new pods`, content: { node: name, cordoned: false } };
};

/** No new pods come to the node on which the instance is; those that are there stay. */
export const cordon: Command = {
  look: async (server, target) => {
    const pod = await readPod(server, target.action);
    const node = pod?.spec?.nodeName;
    if (node === undefined) return { identity: GONE, summary: `${target.instance ?? 'it'} is on no node`, content: {} };
    return nodeImage(await readNode(server, node));
  },
  examine: async (_server, { instance }, { identity, summary, content }) =>
    identity === GONE || content.cordoned === true
      ? notApplicable(summary)
      : { applicable: true, evidence: `${instance} is on it: ${summary}` },
  act: async (server, call) => leftBy(call, await setCordon(server, call, call.before, true)),
  readBack: async (server, call) => {
    const { node } = call.before.content;
    if (typeof node !== 'string') return { kind: 'notApplied' };
    const found = await readNode(server, node);
    const now = nodeImage(found);
    if (isMarkedBy(found, call.actionId)) return { kind: 'applied', after: now };
    if (now.identity === call.before.identity) return { kind: 'notApplied' };
    return { kind: 'unknown', why: `somebody else has changed it since: ${now.summary}` };
  },
  undo: (server, call, after) =>
    takeBack(
      call,
      after,
      async () => nodeImage(await readNode(server, String(after.content.node))),
      () => setCordon(server, call, after, false),
    ),
};

async function setCordon(server: Server, call: Parameters<Command['act']>[1], expected: Image, cordoned: boolean): Promise<Changed<Image>> {
  const { node } = expected.content;
  if (typeof node !== 'string') throw new TargetRefused(`${nameOf(call.action)}: ${expected.summary}`);
  const changed = await change(server, call, {
    path: nodePath(node),
    needs: permissions.patchNode,
    read: () => readNode(server, node),
    unlike: (now) => {
      const image = nodeImage(now);
      return image.identity === expected.identity ? undefined : changedMeanwhile(image);
    },
    operations: () => [{ op: 'add', path: '/spec/unschedulable', value: cordoned }],
  });
  return { ...changed, now: nodeImage(changed.now) };
}
