import type { Image } from '../../domain/effect.js';
import { findContainer, inspect, nameOf, shortId, type Container } from './container.js';
import { changed, hindrance, looking, refuseHindered, summaryOf, type DockerAction, type DockerCall, type Operation } from './operation.js';
import { start, stop, update } from './requests.js';

/** As docker names them. */
interface Limits {
  readonly Memory: number;
  readonly MemorySwap: number;
  readonly NanoCpus: number;
}

/**
 * Other limits for a container that has some. It is started as well where the old ones got it killed. Docker can't take a
 * limit away again, so that none is set where there was none: there would be no way back.
 */
export const limitsOperation: Operation = {
  imageOf: async (container) => imageOf(container),
  examine: async (_engine, container, { action }) => {
    const reason = hindrance(container) ?? misfit(container, action);
    const name = nameOf(container);
    if (reason !== undefined) return { applicable: false, reason: `${name}: ${reason}` };
    const evidence = `${summaryOf(container, name)}, ${textOf(limitsOf(container))}; to be ${textOf(wanted(container, action))}`;
    return { applicable: true, evidence, changedAt: Date.parse(container.Created) };
  },
  act: async (engine, call, did) => {
    const now = await looking(findContainer(engine, call.action.pick));
    const isHalfDone = startIsLeft(now, call);
    if (!isHalfDone && imageOf(now).identity !== call.before.identity) throw changed(imageOf(now));
    refuseHindered(now);
    if (!isHalfDone) await update(engine, now.Id, { ...wanted(now, call.action) });
    did();
    if (isKilled(now)) await start(engine, now.Id);
    return imageOf(await inspect(engine, now.Id));
  },
  standing: async (engine, call) => imageOf(await findContainer(engine, call.action.pick)),
  found: async (engine, call) => {
    const now = await findContainer(engine, call.action.pick);
    const after = imageOf(now);
    if (after.identity === call.before.identity) return { kind: 'notApplied' };
    if (startIsLeft(now, call)) return { kind: 'partly', after, left: 'it is not started yet' };
    if (isAsWanted(now, call)) return { kind: 'applied', after };
    return { kind: 'unknown', why: `its limits are neither as before nor as they were to become: ${after.summary}` };
  },
  undo: async (engine, call, after) => {
    const look = async (): Promise<Container> => findContainer(engine, call.action.pick);
    const isOther = ({ identity }: Image): boolean => identity !== after.identity && identity !== call.before.identity;
    const early = imageOf(await look());
    if (isOther(early)) return { kind: 'changedMeanwhile', now: early };
    await call.permit();
    const now = await look();
    if (isOther(imageOf(now))) return { kind: 'changedMeanwhile', now: imageOf(now) };
    const { limits, running } = call.before.content;
    // Stopped first: what it uses by now may be more than the old limit allows.
    if (running === false) await stop(engine, now.Id, call.action.stopWithinMs);
    await update(engine, now.Id, { ...(limits as Limits) });
    return { kind: 'undone', now: imageOf(await inspect(engine, now.Id)) };
  },
};

const imageOf = (container: Container): Image => {
  const limits = limitsOf(container);
  return {
    identity: `${shortId(container.Id)} ${JSON.stringify(limits)}`,
    summary: `${summaryOf(container, nameOf(container))}, ${textOf(limits)}`,
    content: { id: container.Id, limits, running: container.State.Running, changedAt: Date.parse(container.Created) },
  };
};

const limitsOf = ({ HostConfig: { Memory = 0, MemorySwap = 0, NanoCpus = 0 } }: Container): Limits => ({ Memory, MemorySwap, NanoCpus });

const textOf = ({ Memory, NanoCpus }: Limits): string =>
  [Memory > 0 ? `${Memory} bytes of memory` : 'memory without limit', NanoCpus > 0 ? `${NanoCpus / 1e9} CPUs` : 'CPUs without limit'].join(
    ', ',
  );

/** Swap keeps its distance to memory, or goes on to have no limit: docker refuses a sum that is smaller than its part. */
function wanted(container: Container, { memoryBytes, cpus }: DockerAction): Limits {
  const now = limitsOf(container);
  const Memory = memoryBytes ?? now.Memory;
  const MemorySwap = now.MemorySwap <= 0 ? now.MemorySwap : swapOf(now, Memory);
  return { Memory, MemorySwap, NanoCpus: cpus === undefined ? now.NanoCpus : Math.round(cpus * 1e9) };
}

/** Without a word about swap docker gives as much of it as of memory. */
const swapOf = (now: Limits, memory: number): number =>
  now.MemorySwap === 2 * now.Memory ? 2 * memory : memory + Math.max(0, now.MemorySwap - now.Memory);

function misfit(container: Container, action: DockerAction): string | undefined {
  const [now, then] = [limitsOf(container), wanted(container, action)];
  if (action.memoryBytes !== undefined && now.Memory <= 0) return 'its memory has no limit, and docker could not take one away again';
  if (action.cpus !== undefined && now.NanoCpus <= 0) return 'its CPUs have no limit, and docker could not take one away again';
  return JSON.stringify(now) === JSON.stringify(then) ? `its limits are so already: ${textOf(now)}` : undefined;
}

/** A killed container shows it until its next start. */
const isKilled = ({ State }: Container): boolean => !State.Running && State.OOMKilled;

const isAsWanted = (now: Container, { before, action }: DockerCall): boolean =>
  now.Id === before.content.id && JSON.stringify(limitsOf(now)) === JSON.stringify(wanted(now, action));

const startIsLeft = (now: Container, call: DockerCall): boolean => isAsWanted(now, call) && isKilled(now);
