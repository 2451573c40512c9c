import { setTimeout as wait } from 'node:timers/promises';
import type { Provider, ReadBack, Target } from '../../activities/ports.js';
import type { Image } from '../../domain/effect.js';
import type { DockerOperation } from '../../domain/service.js';
import { nameOf, openOn, type Container } from './container.js';
import { openEngine, type Engine } from './engine.js';
import { DockerFailed } from './failure.js';
import { limitsOperation } from './limits.js';
import { looking, outcomeOf, type DockerAction, type DockerCall, type Operation } from './operation.js';
import { recreateOperation } from './recreate.js';
import { runOperation } from './run.js';

const operations: Readonly<Record<DockerOperation, Operation>> = {
  restart: runOperation('restart'),
  hardRestart: runOperation('hardRestart'),
  start: runOperation('start'),
  stop: runOperation('stop'),
  limits: limitsOperation,
  recreate: recreateOperation,
};

/** Whoever only looks does not wait for as long as an action may take: others wait behind. */
const lookMs = 10_000;

/** How often a container is looked at while an earlier try may be acting on it. */
const lookAgainMs = 250;

/** Corrects containers by docker's API, by the requests in calls.ts and no others. */
export function dockerProvider(): Provider<DockerAction> {
  return {
    kind: 'docker',
    readBackBy: ({ operation }) => (operation === 'recreate' ? 'actionId' : 'identity'),
    fencedBy: 'self',
    resourceOf: (target) => on(target, resourceOf),
    image: async (target) => {
      try {
        const limits = { ...target, timeoutMs: Math.min(target.timeoutMs, lookMs) };
        return await on(limits, (_engine, container) => operationOf(target).imageOf(container, target.action));
      } catch (error) {
        if (error instanceof DockerFailed) return unseen(error);
        throw error;
      }
    },
    examine: async (target, current, good) => {
      if (current.identity === 'unseen') return { applicable: false, reason: current.summary };
      try {
        return await on(target, (engine, container) => operationOf(target).examine(engine, container, target, { current, good }));
      } catch (error) {
        if (error instanceof DockerFailed) return { applicable: false, reason: error.message };
        throw error;
      }
    },
    apply,
    readBack,
    undo: async (call, after) => {
      const engine = await openEngine(call.action.source, call);
      return operationOf(call).undo(engine, call, after);
    },
  };
}

const operationOf = ({ action }: Target<DockerAction>): Operation => operations[action.operation];

const on = <T>(target: Target<DockerAction>, work: (engine: Engine, container: Container) => Promise<T>): Promise<T> =>
  openOn(target.action, target, work);

/** The one engine has one id, by whatever socket or proxy it is reached. */
async function resourceOf(engine: Engine, container: Container): Promise<string> {
  const { ID } = await engine.ask((docker, abortSignal) => docker.info({ abortSignal } as never) as unknown as Promise<{ ID: string }>);
  return `docker/${ID}/${nameOf(container)}`;
}

/** A container that can't be seen has an image too, which says why. */
const unseen = ({ message }: DockerFailed): Image => ({ identity: 'unseen', summary: message, content: {}, notGood: message });

async function apply(call: DockerCall): Promise<Image> {
  const operation = operationOf(call);
  const engine = await looking(openEngine(call.action.source, call));
  await call.permit();
  let did = false;
  try {
    return await operation.act(engine, call, () => void (did = true));
  } catch (error) {
    throw await outcomeOf(error, did, call.before, () => operation.standing(engine, call));
  }
}

/** docker goes on with what it was asked for when whoever asked is gone: only once that time is over its silence says no. */
async function readBack(call: DockerCall): Promise<ReadBack> {
  for (;;) {
    const found = await whatIsFound(call);
    const isSettled = found.kind === 'applied' || Date.now() >= (call.underWayUntil ?? 0);
    if (isSettled) return found;
    await wait(lookAgainMs, undefined, { signal: call.abort });
  }
}

async function whatIsFound(call: DockerCall): Promise<ReadBack> {
  const engine = await openEngine(call.action.source, call);
  try {
    return await operationOf(call).found(engine, call);
  } catch (error) {
    if (error instanceof DockerFailed && error.kind === 'refused') return { kind: 'unknown', why: error.message };
    throw error;
  }
}
