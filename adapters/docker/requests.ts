import type Docker from 'dockerode';
import type { Engine } from './engine.js';
import { orSame } from './operation.js';

/** A container that runs already answers 304, which is as good. */
export const start = (engine: Engine, id: string): Promise<void> =>
  orSame(engine.ask((docker, abortSignal) => docker.getContainer(id).start({ abortSignal })));

/** In whole seconds, as docker has it; without them docker would take ten. */
export const stop = (engine: Engine, id: string, withinMs: number): Promise<void> =>
  orSame(engine.ask((docker, abortSignal) => docker.getContainer(id).stop({ t: Math.ceil(withinMs / 1000), abortSignal })));

/** dockerode's types know less than docker and dockerode do. */
export const update = (engine: Engine, id: string, limits: Readonly<Record<string, unknown>>): Promise<unknown> =>
  engine.ask((docker, abortSignal) => docker.getContainer(id).update({ ...limits, abortSignal }));

export const rename = (engine: Engine, id: string, name: string): Promise<unknown> =>
  engine.ask((docker, abortSignal) => docker.getContainer(id).rename({ name, abortSignal }));

export const create = (engine: Engine, name: string, body: Readonly<Record<string, unknown>>): Promise<string> =>
  engine.ask(async (docker, abortSignal) => {
    const created = await docker.createContainer({ _query: { name }, _body: body, abortSignal } as Docker.ContainerCreateOptions);
    return created.id;
  });

export const remove = (engine: Engine, id: string): Promise<unknown> =>
  engine.ask((docker, abortSignal) => docker.getContainer(id).remove({ abortSignal }));
