import type { Call, Examined, ReadBack, Target, Undone } from '../../activities/ports.js';
import type { Image } from '../../domain/effect.js';
import { ActionFailed, TargetRefused } from '../../domain/failure.js';
import type { Action } from '../../domain/service.js';
import { ownerOf, stateOf, type Container } from './container.js';
import type { Engine } from './engine.js';
import { DockerFailed } from './failure.js';

export type DockerAction = Extract<Action, { kind: 'docker' }>;
export type DockerCall = Call<DockerAction>;

/** One thing that can be done to a container. All of it may throw `DockerFailed`. */
export interface Operation {
  imageOf(container: Container, action: DockerAction): Promise<Image>;
  examine(engine: Engine, container: Container, target: Target<DockerAction>, seen: Seen): Promise<Examined>;
  /** Everything after permission was given; `did` is told after the first request that has changed something. */
  act(engine: Engine, call: DockerCall, did: () => void): Promise<Image>;
  /** The target as it stands after an action that failed: what its undo starts from. */
  standing(engine: Engine, call: DockerCall): Promise<Image>;
  /** What became of it, as it looks now; the caller waits for a try that may be under way. */
  found(engine: Engine, call: DockerCall): Promise<ReadBack>;
  undo(engine: Engine, call: DockerCall, after: Image): Promise<Undone>;
}

export interface Seen {
  readonly current: Image;
  readonly good: Image | undefined;
}

/** Why nothing is done to this container, whatever is asked. */
export function hindrance(container: Container): string | undefined {
  const { State } = container;
  if (State.Dead) return 'it is being removed';
  if (State.Paused) return 'it is paused, which somebody does on purpose: `docker unpause` is for whoever did it';
  const owner = ownerOf(container);
  return owner === undefined ? undefined : `${owner} owns it, and would undo what is done to its containers`;
}

/** The last look at what an image does not tell: nothing was done yet. */
export function refuseHindered(container: Container): void {
  const reason = hindrance(container);
  if (reason !== undefined) throw new TargetRefused(reason);
}

/** Runs what only looks: whatever goes wrong, nothing was done. */
export async function looking<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof DockerFailed ? new TargetRefused(error.message) : error;
  }
}

/**
 * What docker's no to a request means: nothing was done, or something was and in vain, or nobody can tell. A restart that
 * docker refuses may have stopped the container: only a target that stands as before was not touched.
 */
export async function outcomeOf(error: unknown, did: boolean, before: Image, standing: () => Promise<Image>): Promise<unknown> {
  if (!(error instanceof DockerFailed) || error.kind === 'unclear') return error;
  if (error.kind === 'notSent' && !did) return new TargetRefused(error.message);
  return standing().then(
    (now) =>
      error.kind === 'failed' || did || now.identity !== before.identity
        ? new ActionFailed(error.message, now)
        : new TargetRefused(error.message),
    () => error,
  );
}

/** 304: it was so already, which is no failure. */
export async function orSame(request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (!(error instanceof DockerFailed && error.status === 304)) throw error;
  }
}

export const changed = ({ summary }: Pick<Image, 'summary'>): TargetRefused => new TargetRefused(`it has changed meanwhile: ${summary}`);

export const summaryOf = (container: Container, name: string): string =>
  `${name} (${container.Id.slice(0, 12)}), image ${container.Config.Image.slice(0, 100)}, ${stateOf(container)}`;
