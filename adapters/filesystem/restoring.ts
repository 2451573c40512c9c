import { realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { Call, Commands, Examined, Provider, ReadBack, Undone } from '../../activities/ports.js';
import type { Image } from '../../domain/effect.js';
import { ActionFailed, TargetRefused } from '../../domain/failure.js';
import type { Action } from '../../domain/service.js';
import { swap, type Swap } from './swap.js';

type RestoringAction = Extract<Action, { kind: 'file' | 'release' }>;

/** What to bring back, or why there is nothing to bring back. */
export type Goal =
  | { readonly kind: 'goal'; readonly image: Image; readonly why: string }
  | { readonly kind: 'none'; readonly reason: string };

/** The part in which files and releases differ. */
export interface Restorable<A extends RestoringAction> {
  readonly kind: A['kind'];
  pathOf(action: A): string;
  /** Never throws for what may stand at the path; whatever can't be restored has an image too. */
  look(path: string): Image;
  /** The same answer for the same before-image and known good image, in every try of a call. */
  goalOf(action: A, before: Image, good: Image | undefined): Goal;
  /** Throws `TargetRefused` when the image can't be brought about. */
  swapTo(path: string, from: Image, to: Image): Swap;
}

/**
 * Restores what stands at a path, then runs the action's `then`. The two steps are one action that can be cut in half:
 * the path tells how far it came, and `then` is declared safe to repeat, so a retry goes on where the other stopped.
 */
export function restoringProvider<A extends RestoringAction>(restorable: Restorable<A>, commands: Commands): Provider<A> {
  const lookAt = (action: A): Image => restorable.look(restorable.pathOf(action));
  /** Both steps, or only the second where an earlier try has done the first. */
  const bring = async (call: Call<A>, from: Image, to: Image): Promise<Image> => {
    const { action } = call;
    if (isBrought(lookAt(action), from, to)) await call.permit();
    else await swap(restorable.swapTo(restorable.pathOf(action), from, to), call);
    // Before `then`, and only if it is hale's: a change that somebody else made meanwhile must not pass for its own.
    const now = lookAt(action);
    const after = now.identity === to.identity ? now : to;
    await runThen(call, commands, after);
    return after;
  };
  return {
    kind: restorable.kind,
    readBackBy: () => 'identity',
    fencedBy: 'target',
    resourceOf: async ({ action }) => `${action.kind}/${hostname()}${realFolderPath(restorable.pathOf(action))}`,
    image: async ({ action }) => lookAt(action),
    examine: async ({ action }, current, good) => {
      const missing = action.then && commands.missing(action.then);
      if (missing !== undefined) return { applicable: false, reason: missing };
      return examined(current, restorable.goalOf(action, current, good));
    },
    apply: async (call) => {
      const { action, before, good } = call;
      const goal = restorable.goalOf(action, before, good);
      if (goal.kind === 'none') throw new TargetRefused(goal.reason);
      const missing = action.then && commands.missing(action.then);
      if (missing !== undefined) throw new TargetRefused(missing);
      return bring(call, before, goal.image);
    },
    readBack: async (call) => {
      const { action, before, good } = call;
      if (action.then !== undefined) await commands.awaitLeftover(action.then, call);
      return readBack(call, lookAt(action), restorable.goalOf(action, before, good));
    },
    undo: async (call, after): Promise<Undone> => {
      const { action, before } = call;
      if (action.then !== undefined) await commands.awaitLeftover(action.then, call);
      const now = lookAt(action);
      if (now.identity !== after.identity && now.identity !== before.identity) return { kind: 'changedMeanwhile', now };
      return { kind: 'undone', now: await bring(call, after, before) };
    },
  };
}

function examined(current: Image, goal: Goal): Examined {
  if (goal.kind === 'none') return { applicable: false, reason: goal.reason };
  const { changedAt } = current.content;
  return {
    applicable: true,
    evidence: `${current.summary}; ${goal.why}: ${goal.image.summary}`,
    ...(typeof changedAt === 'number' ? { changedAt } : {}),
  };
}

/** The swap of an earlier try is done; only `then` may be missing. */
const isBrought = (now: Image, from: Image, to: Image): boolean => now.identity === to.identity && now.identity !== from.identity;

function readBack({ action, before }: Call<RestoringAction>, now: Image, goal: Goal): ReadBack {
  if (now.identity === before.identity) return { kind: 'notApplied' };
  if (goal.kind === 'none') return { kind: 'unknown', why: goal.reason };
  if (now.identity !== goal.image.identity) return { kind: 'unknown', why: `it is neither as before nor as restored: ${now.summary}` };
  if (action.then === undefined) return { kind: 'applied', after: now };
  return { kind: 'partly', after: now, left: `whether ${action.then[0]} ran is not known` };
}

async function runThen(call: Call<RestoringAction>, commands: Commands, after: Image): Promise<void> {
  const argv = call.action.then;
  if (argv === undefined) return;
  const end = await commands.run(argv, call);
  if (end.kind === 'exited' && end.code === 0) return;
  if (end.kind === 'killed' || call.abort.aborted) throw new Error(end.sentence);
  throw new ActionFailed(`${after.summary}, but then ${end.sentence}`, after);
}

/** The folder may be reached by several names; the thing acted upon has one. */
function realFolderPath(path: string): string {
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    return path;
  }
}
