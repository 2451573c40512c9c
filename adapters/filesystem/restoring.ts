import { realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { Call, Commands, Examined, Provider, ReadBack, Undone } from '../../activities/ports.js';
import type { Image } from '../../domain/effect.js';
import { ActionFailed, TargetRefused } from '../../domain/failure.js';
import type { Action } from '../../domain/service.js';
import { swap, type Swap } from './swap.js';

type RestoringAction = Extract<Action, { kind: 'file' | 'release' }>;

/** What to bring back, chosen from what is there now, or why there is nothing to bring back. */
export type Goal =
  | { readonly kind: 'goal'; readonly image: Image; readonly why: string }
  | { readonly kind: 'none'; readonly reason: string };

/** The part in which files and releases differ. */
export interface Restorable<A extends RestoringAction> {
  readonly kind: A['kind'];
  pathOf(action: A): string;
  /** Never throws for what may stand at the path; whatever can't be restored has an image too. */
  look(path: string): Image;
  /** Chosen once, when the target is examined: every try of the call keeps to it. */
  goalOf(action: A, before: Image, good: Image | undefined): Goal;
  /** Why the goal can't be brought about now; undefined when it can. */
  obstacle(action: A, before: Image, goal: Image): string | undefined;
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
      const goal = restorable.goalOf(action, current, good);
      if (goal.kind === 'none') return { applicable: false, reason: goal.reason };
      const obstacle = restorable.obstacle(action, current, goal.image);
      return obstacle === undefined ? examined(current, goal) : { applicable: false, reason: obstacle };
    },
    apply: async (call) => {
      const { action, before, goal } = call;
      if (goal === undefined) throw new TargetRefused(noGoal);
      const missing = action.then && commands.missing(action.then);
      if (missing !== undefined) throw new TargetRefused(missing);
      // After the last thing awaited: a goal that went away while permission was asked is not brought about.
      const permit = async () => {
        await call.permit();
        const obstacle = restorable.obstacle(action, before, goal);
        if (obstacle !== undefined) throw new TargetRefused(obstacle);
      };
      return bring({ ...call, permit }, before, goal);
    },
    readBack: async (call) => {
      const { action } = call;
      const left = action.then && (await commands.awaitLeftover(action.then, call));
      if (left !== undefined) return { kind: 'unknown', why: left };
      return readBack(call, lookAt(action));
    },
    undo: async (call, after): Promise<Undone> => {
      const { action, before } = call;
      const left = action.then && (await commands.awaitLeftover(action.then, call));
      if (left !== undefined) throw new Error(left);
      const now = lookAt(action);
      if (now.identity !== after.identity && now.identity !== before.identity) return { kind: 'changedMeanwhile', now };
      return { kind: 'undone', now: await bring(call, after, before) };
    },
  };
}

const noGoal = 'it was prepared without saying what it is to become';

function examined(current: Image, { image, why }: Extract<Goal, { kind: 'goal' }>): Examined {
  const { changedAt } = current.content;
  return {
    applicable: true,
    evidence: `${current.summary}; ${why}: ${image.summary}`,
    goal: image,
    ...(typeof changedAt === 'number' ? { changedAt } : {}),
  };
}

/** The swap of an earlier try is done; only `then` may be missing. */
const isBrought = (now: Image, from: Image, to: Image): boolean => now.identity === to.identity && now.identity !== from.identity;

function readBack({ action, before, goal }: Call<RestoringAction>, now: Image): ReadBack {
  if (now.identity === before.identity) return { kind: 'notApplied' };
  if (goal === undefined) return { kind: 'unknown', why: noGoal };
  if (now.identity !== goal.identity) return { kind: 'unknown', why: `it is neither as before nor as restored: ${now.summary}` };
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
