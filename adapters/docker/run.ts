import type { Examined, ReadBack, Undone } from '../../activities/ports.js';
import type { Image } from '../../domain/effect.js';
import type { DockerOperation } from '../../domain/service.js';
import { findContainer, inspect, nameOf, shortId, type Container } from './container.js';
import type { Engine } from './engine.js';
import { changed, hindrance, looking, summaryOf, type DockerAction, type DockerCall, type Operation } from './operation.js';
import { start, stop } from './requests.js';

/** Ran for less than this before it was killed for its memory: a restart would only be the next of many. */
const soonMs = 10 * 60_000;

type Run = Exclude<DockerOperation, 'limits' | 'recreate'>;

/** Why the operation does not fit the container as it stands. */
const misfits: Readonly<Record<Run, (container: Container) => string | undefined>> = {
  restart: (container) => restarting(container) ?? killedSoon(container),
  hardRestart: (container) => restarting(container) ?? killedSoon(container) ?? removedWhenStopped(container),
  start: ({ State }) => (State.Running ? 'it is running already' : undefined),
  stop: (container) => (container.State.Running ? removedWhenStopped(container) : 'it is stopped already'),
};

type Step = (engine: Engine, container: Container, action: DockerAction, did: () => void) => Promise<void>;

const steps: Readonly<Record<Run, Step>> = {
  restart: (engine, { Id }, { stopWithinMs }) =>
    engine.ask((docker, abortSignal) => docker.getContainer(Id).restart({ t: Math.ceil(stopWithinMs / 1000), abortSignal })),
  hardRestart: async (engine, container, _action, did) => {
    if (container.State.Running) await kill(engine, container);
    did();
    await start(engine, container.Id);
  },
  start: (engine, { Id }) => start(engine, Id),
  stop: (engine, { Id }, { stopWithinMs }) => stop(engine, Id, stopWithinMs),
};

/** Operations on what runs. A container's id says which one it is, and the time of its start which of its lives. */
export const runOperation = (run: Run): Operation => ({
  imageOf: async (container) => imageOf(container),
  examine: async (_engine, container) => examine(run, container),
  act: async (engine, call, did) => {
    const now = await looking(findContainer(engine, call.action.pick));
    if (!isHalfDone(run, call, now) && imageOf(now).identity !== call.before.identity) throw changed(imageOf(now));
    await (isHalfDone(run, call, now) ? start(engine, now.Id) : steps[run](engine, now, call.action, did));
    return imageOf(await inspect(engine, now.Id));
  },
  standing: async (engine, call) => imageOf(await findContainer(engine, call.action.pick)),
  found: async (engine, call) => found(run, call, await findContainer(engine, call.action.pick)),
  undo: (engine, call, after) => undo(run, engine, call, after),
});

const isRunning = ({ State }: Container): boolean => State.Running && !State.Paused;

const imageOf = (container: Container): Image => {
  const { Id, State, Created } = container;
  const life = State.Paused ? 'paused' : State.Running ? 'running' : 'stopped';
  return {
    identity: `${shortId(Id)} ${life} ${State.StartedAt}`,
    summary: summaryOf(container, nameOf(container)),
    content: { id: Id, startedAt: State.StartedAt, running: State.Running, changedAt: Date.parse(Created) },
  };
};

function examine(run: Run, container: Container): Examined {
  const reason = hindrance(container) ?? misfits[run](container);
  if (reason !== undefined) return { applicable: false, reason: `${nameOf(container)}: ${reason}` };
  return { applicable: true, evidence: summaryOf(container, nameOf(container)), changedAt: Date.parse(container.Created) };
}

const restarting = ({ State, HostConfig, RestartCount }: Container): string | undefined =>
  State.Restarting
    ? `docker restarts it by itself (restart policy ${HostConfig.RestartPolicy?.Name}, ${RestartCount} times so far), to no avail`
    : undefined;

/**
 * After hours of growth a restart gains hours. After seconds it gains seconds, and the limit or what was deployed is
 * what has to change.
 */
function killedSoon({ State, HostConfig }: Container): string | undefined {
  const ranMs = Date.parse(State.FinishedAt) - Date.parse(State.StartedAt);
  if (State.Running || !State.OOMKilled || ranMs >= soonMs) return undefined;
  const limit = HostConfig.Memory ? `at its limit of ${HostConfig.Memory} bytes` : 'without a limit of its own';
  return `it was killed for its memory ${Math.round(ranMs / 1000)} s after its start, ${limit}: it would be again; limits or recreate can help`;
}

const removedWhenStopped = ({ HostConfig }: Container): string | undefined =>
  HostConfig.AutoRemove ? 'it was started with --rm, so that docker removes it when it ends' : undefined;

/** Stopped by a restart that was cut off before it started again; a container that has just ended by itself looks the same, and needs the same. */
const isHalfDone = (run: Run, { before }: DockerCall, { Id, State }: Container): boolean =>
  (run === 'restart' || run === 'hardRestart') &&
  Id === before.content.id &&
  before.content.running === true &&
  !State.Running &&
  State.StartedAt === before.content.startedAt;

async function kill(engine: Engine, { Id }: Container): Promise<void> {
  await engine.ask((docker, abortSignal) => docker.getContainer(Id).kill({ signal: 'KILL', abortSignal }));
  await engine.ask((docker, abortSignal) => docker.getContainer(Id).wait({ condition: 'not-running', abortSignal }));
}

function found(run: Run, call: DockerCall, now: Container): ReadBack {
  const { id, startedAt } = call.before.content;
  const after = imageOf(now);
  if (now.Id !== id) return { kind: 'unknown', why: `another container has its place: ${after.summary}` };
  if (after.identity === call.before.identity) return { kind: 'notApplied' };
  if (isHalfDone(run, call, now)) return { kind: 'partly', after, left: 'it was stopped, and is not started yet' };
  const isDone = run === 'stop' ? !now.State.Running : now.State.StartedAt !== startedAt;
  return isDone
    ? { kind: 'applied', after }
    : { kind: 'unknown', why: `it is neither as before nor as it was to become: ${after.summary}` };
}

/** Asked of `start` and `stop`, each of which takes the other back. */
async function undo(run: Run, engine: Engine, call: DockerCall, after: Image): Promise<Undone> {
  const look = (): Promise<Container> => findContainer(engine, call.action.pick);
  const wasRunning = call.before.content.running === true;
  const judge = (now: Container): Undone | undefined => {
    const image = imageOf(now);
    const isOurs = now.Id === after.content.id && (wasRunning || now.State.StartedAt === after.content.startedAt);
    if (!isOurs) return { kind: 'changedMeanwhile', now: image };
    return isRunning(now) === wasRunning ? { kind: 'undone', now: image } : undefined;
  };
  const early = judge(await look());
  if (early !== undefined) return early;
  await call.permit();
  const now = await look();
  const late = judge(now);
  if (late !== undefined) return late;
  await (wasRunning ? start(engine, now.Id) : stop(engine, now.Id, call.action.stopWithinMs));
  return { kind: 'undone', now: imageOf(await inspect(engine, now.Id)) };
}
