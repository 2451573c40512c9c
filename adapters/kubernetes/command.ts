import type { Call, Examined, ReadBack, Target, Undone } from '../../activities/ports.js';
import type { KubernetesAction } from '../../domain/cluster.js';
import type { Image } from '../../domain/effect.js';
import { TargetRefused } from '../../domain/failure.js';
import type { Changed } from './change.js';
import type { Server } from './server.js';

/** One kind of change; the connection is the provider's. */
export interface Command {
  look(server: Server, target: Target<KubernetesAction>): Promise<Image>;
  examine(server: Server, target: Target<KubernetesAction>, current: Image): Promise<Examined>;
  act(server: Server, call: Call<KubernetesAction>): Promise<Image>;
  /** Whether it happened, as the cluster is now. */
  readBack(server: Server, call: Call<KubernetesAction>): Promise<ReadBack>;
  undo(server: Server, call: Call<KubernetesAction>, after: Image): Promise<Undone>;
}

export const nameOf = ({ namespace, deployment }: KubernetesAction): string => `${namespace}/${deployment}`;

/** A controller that keeps a Deployment as a repository says would put back what hale changes of it. */
export const ownedElsewhere = (action: KubernetesAction, controller: unknown): string | undefined =>
  typeof controller === 'string'
    ? `${controller} keeps ${nameOf(action)} as its repository says, and would put it back: correct it there`
    : undefined;

export const notApplicable = (reason: string): Examined => ({ applicable: false, reason });

/** Somebody may have changed it after an earlier try did: what hale left is its goal, and an undo compares with that. */
export const asLeft = ({ goal }: Call<KubernetesAction>, now: Image): Image =>
  goal === undefined || goal.identity === now.identity ? now : goal;

/** What the cluster made of this very change may differ from its goal: an admission webhook has a say too. */
export const leftBy = (call: Call<KubernetesAction>, { now, wasDone }: Changed<Image>): Image => (wasDone ? asLeft(call, now) : now);

/** Puts back what was there before, where what hale left still stands: whoever changed it since is left alone. */
export async function takeBack(
  { before }: Call<KubernetesAction>,
  after: Image,
  look: () => Promise<Image>,
  put: () => Promise<Changed<Image>>,
): Promise<Undone> {
  const early = await look();
  if (early.identity === before.identity) return { kind: 'undone', now: early };
  if (early.identity !== after.identity) return { kind: 'changedMeanwhile', now: early };
  try {
    return { kind: 'undone', now: (await put()).now };
  } catch (error) {
    const late = error instanceof TargetRefused ? await look() : early;
    if (late.identity === after.identity) throw error;
    return { kind: 'changedMeanwhile', now: late };
  }
}

export const changedMeanwhile = ({ summary }: Image): string => `it changed meanwhile: ${summary}`;
