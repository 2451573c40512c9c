import { randomBytes } from 'node:crypto';
import type Docker from 'dockerode';
import type { Action } from '../../domain/service.js';
import type { Patience, RightState } from '../../domain/right.js';
import { callLine, calls, callsOf, refusalLine, refusedInCreate, type CallName } from './calls.js';
import { openEngine, type Engine, type Request } from './engine.js';
import { DockerFailed } from './failure.js';

type DockerAction = Extract<Action, { kind: 'docker' }>;

/**
 * Which calls a docker answers, of those that these actions make. Each is really made, of a container and an image that can't be
 * there: whoever lets it pass has docker say so, and nothing is done.
 */
export async function rightsAtDocker(
  actions: readonly [DockerAction, ...DockerAction[]],
  patience: Patience,
): Promise<readonly RightState[]> {
  const needed = [...new Set(actions.flatMap(({ operation }) => callsOf[operation]))];
  const engine = await openEngine(actions[0].source, patience).catch((error: unknown) => noWayIn(error, needed));
  if (Array.isArray(engine)) return engine;
  const nobody = randomBytes(32).toString('hex');
  const states = await inTurn(needed, (name) => stateOf(engine, name, nobody));
  if (await passes(engine, (docker, abortSignal) => docker.getExec(nobody).inspect({ abortSignal }), nobody))
    return [...states, nothingInFront];
  const others = (Object.keys(calls) as CallName[]).filter((name) => !needed.includes(name));
  const more = await inTurn(others, (name) => excess(engine, name, nobody));
  const refusals = needed.includes('create') ? await inTurn(refusedInCreate, (one) => ofRefusal(engine, one, nobody)) : [];
  return [...states, ...refusals, ...more.flat()];
}

async function inTurn<A, B>(all: readonly A[], ask: (one: A) => Promise<B>): Promise<B[]> {
  const answers: B[] = [];
  for (const one of all) answers.push(await ask(one));
  return answers;
}

/** Without the first call, by which hale and docker agree how to talk, none of the others is made. */
function noWayIn(error: unknown, needed: readonly CallName[]): RightState[] {
  if (!(error instanceof DockerFailed) || !isNoPermission(error.message)) throw error;
  const [first, ...others] = needed.map(callLine);
  const unknown = others.map((line): RightState => ({ kind: 'unknown', line, why: 'the way to docker is closed' }));
  return [...(first === undefined ? [] : [{ kind: 'missing', line: first, why: error.message } as const]), ...unknown];
}

const isNoPermission = (message: string): boolean => message.startsWith('no permission');

const nothingInFront: RightState = {
  kind: 'tooMuch',
  sentence: 'it answers more than hale ever asks: who may use it is root on its machine; a proxy before it lets through what is printed',
};

async function stateOf(engine: Engine, name: CallName, nobody: string): Promise<RightState> {
  const line = callLine(name);
  const request = requests[name];
  const why = request && (await refusalOf(engine, request(nobody), nobody));
  return why === undefined ? { kind: 'granted', line } : { kind: 'missing', line, why };
}

async function excess(engine: Engine, name: CallName, nobody: string): Promise<RightState[]> {
  const request = requests[name];
  return request && (await passes(engine, request(nobody), nobody))
    ? [{ kind: 'tooMuch', sentence: `it lets ${callLine(name)} pass` }]
    : [];
}

async function ofRefusal(engine: Engine, one: (typeof refusedInCreate)[number], nobody: string): Promise<RightState> {
  // docker takes a name for the same in whatever letters.
  for (const field of [one.field, one.field.map((name) => name.toLowerCase())])
    for (const example of one.examples) {
      const body = field.reduceRight<unknown>((value, name) => ({ [name]: value }), example) as Readonly<Record<string, unknown>>;
      const answer = await refusalOf(engine, create(nobody, body), nobody);
      // docker itself may find something wrong with the example: only a proxy says no permission.
      if (answer === undefined || !isNoPermission(answer))
        return { kind: 'tooMuch', sentence: `it lets create pass with ${field.join('.')} ${JSON.stringify(example)}` };
    }
  return { kind: 'granted', line: refusalLine(one) };
}

const passes = async (engine: Engine, request: Request<unknown>, nobody: string): Promise<boolean> =>
  (await refusalOf(engine, request, nobody)) === undefined;

/** Why the call does not get through to docker; undefined where it does, which its own word on what is not there tells. */
async function refusalOf(engine: Engine, request: Request<unknown>, nobody: string): Promise<string | undefined> {
  try {
    await engine.ask(request);
    return undefined;
  } catch (error) {
    if (!(error instanceof DockerFailed) || error.status === undefined) throw error;
    return error.status === 404 && error.message.includes(nobody) ? undefined : error.message;
  }
}

const container =
  (work: (one: Docker.Container, options: { readonly abortSignal: AbortSignal }) => Promise<unknown>) =>
  (nobody: string): Request<unknown> =>
  (docker, abortSignal) =>
    work(docker.getContainer(nobody), { abortSignal });

/** docker pulls no image for this call. */
const create =
  (nobody: string, more: Readonly<Record<string, unknown>> = {}): Request<unknown> =>
  (docker, abortSignal) =>
    docker.createContainer({ _query: {}, _body: { Image: imageOf(nobody), ...more }, abortSignal } as Docker.ContainerCreateOptions);

const imageOf = (nobody: string): string => `hale-asks:${nobody}`;

/** `version` was answered already: with it the conversation began. */
const requests: Readonly<Record<CallName, ((nobody: string) => Request<unknown>) | undefined>> = {
  version: undefined,
  info: () => (docker, abortSignal) => docker.info({ abortSignal } as never) as unknown as Promise<unknown>,
  list: () => (docker, abortSignal) => docker.listContainers({ limit: 1, abortSignal }),
  inspect: container((one, options) => one.inspect(options)),
  image: (nobody) => (docker, abortSignal) => docker.getImage(imageOf(nobody)).inspect({ abortSignal } as Docker.ImageInspectOptions),
  restart: container((one, options) => one.restart(options)),
  kill: container((one, options) => one.kill(options)),
  wait: container((one, options) => one.wait(options)),
  start: container((one, options) => one.start(options)),
  stop: container((one, options) => one.stop(options)),
  update: container((one, options) => one.update({ ...options, Memory: 0 })),
  rename: (nobody) => (docker, abortSignal) => docker.getContainer(nobody).rename({ name: imageOf(nobody).replace(':', '-'), abortSignal }),
  create,
  remove: container((one, options) => one.remove(options)),
};
