import { setTimeout as sleep } from 'node:timers/promises';
import type { Call, Provider, ReadBack, Target } from '../../activities/ports.js';
import type { KubernetesAction, KubernetesCommand } from '../../domain/cluster.js';
import type { Image } from '../../domain/effect.js';
import { NotPermitted, TargetRefused } from '../../domain/failure.js';
import type { Command } from './command.js';
import { cordon, deletePod } from './pod.js';
import { rolloutRestart, rolloutUndo } from './rollout.js';
import { scale } from './scale.js';
import { Missing, serverOf, type Server } from './server.js';

const commands: Readonly<Record<KubernetesCommand, Command>> = { rolloutRestart, rolloutUndo, scale, deletePod, cordon };

const lookAgainMs = 1_000;

/**
 * Corrects one Deployment of a cluster, as a service account that may do no more than `permissionsOf` says. The API server
 * compares versions, and each change carries the action and the fence under which it was made.
 */
export const kubernetesProvider = (): Provider<KubernetesAction> => ({
  kind: 'kubernetes',
  readBackBy: ({ command }) => (command === 'deletePod' ? 'identity' : 'actionId'),
  fencedBy: 'target',
  resourceOf,
  image: (target) => on(target, (server, command) => command.look(server, target)),
  examine: (target, current) => on(target, (server, command) => command.examine(server, target, current)),
  apply: (call) => on(call, (server, command) => act(server, command, call)),
  readBack: readBackWhenOver,
  undo: (call, after) => on(call, (server, command) => command.undo(server, call, after)),
});

const on = async <T>(
  target: Target<KubernetesAction> & { readonly abort?: AbortSignal },
  work: (server: Server, command: Command) => Promise<T>,
): Promise<T> => work(await serverOf(target.action.access, target), commands[target.action.command]);

/** Up to the first change that is permitted nothing is done, whatever goes wrong. */
async function act(server: Server, command: Command, call: Call<KubernetesAction>): Promise<Image> {
  let isTouched = false;
  const permit = async (): Promise<void> => {
    await call.permit();
    isTouched = true;
  };
  try {
    return await command.act(server, { ...call, permit });
  } catch (error) {
    if (isTouched || call.abort.aborted || error instanceof NotPermitted || error instanceof TargetRefused) throw error;
    throw new TargetRefused(error instanceof Error ? error.message : String(error));
  }
}

/** A request goes on at the server when its sender has died, so that "not done" is no answer before its time is over. */
async function readBackWhenOver(call: Call<KubernetesAction>): Promise<ReadBack> {
  for (;;) {
    const found = await on(call, (server, command) => command.readBack(server, call).catch(whatIsGone));
    if (found.kind !== 'notApplied' || Date.now() >= (call.underWayUntil ?? 0)) return found;
    await sleep(lookAgainMs, undefined, { signal: call.abort });
  }
}

/** Nobody will ever tell what became of it, and whoever asked again for that would never get to anything else. */
function whatIsGone(error: unknown): ReadBack {
  if (error instanceof Missing) return { kind: 'unknown', why: error.message };
  throw error;
}

/** A pod and a node are other things than the Deployment: a cycle may hold the one while another holds the other. */
async function resourceOf({ action, instance = '', timeoutMs }: Target<KubernetesAction>): Promise<string> {
  const { access, namespace, deployment, command } = action;
  const at = `kubernetes/${(await serverOf(access, { timeoutMs })).host}/${namespace}/${deployment}`;
  if (command === 'deletePod') return `${at}/pod/${instance}`;
  return command === 'cordon' ? `${at}/node-of/${instance}` : at;
}
