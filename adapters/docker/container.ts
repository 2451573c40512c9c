import type Docker from 'dockerode';
import type { ContainerPick, DockerSource } from '../../domain/service.js';
import { openEngine, type Engine, type Limits } from './engine.js';
import { DockerFailed } from './failure.js';

/** What docker tells of one container. */
export type Container = Docker.ContainerInspectInfo;

export interface Target {
  readonly source: DockerSource;
  readonly pick: ContainerPick;
}

/** Names under which a recreation keeps what is not in force: they never answer for the service. */
const ownName = /\.hale-(new|before|undone)-[0-9a-f]{8}$/;
export const besideName = (name: string, what: 'new' | 'before' | 'undone', key: string): string => `${name}.hale-${what}-${key}`;

/** docker writes it with a slash before it. */
export const nameOf = ({ Name }: Pick<Container, 'Name'>): string => Name.replace(/^\//, '');
export const shortId = (id: string): string => id.slice(0, 12);

/** The one container that the target means. Throws `DockerFailed` where there is none, or more than one. */
export async function findContainer(engine: Engine, pick: ContainerPick): Promise<Container> {
  return 'container' in pick ? byName(engine, pick.container) : byLabel(engine, pick.label);
}

/** By its whole id: whoever has its name now may be another. */
export const inspect = (engine: Engine, id: string): Promise<Container> =>
  engine.ask((docker, abortSignal) => docker.getContainer(id).inspect({ abortSignal }));

/** undefined when nobody has this name, or id. */
export async function inspectIfThere(engine: Engine, id: string): Promise<Container | undefined> {
  try {
    const found = await inspect(engine, id);
    return nameOf(found) === id || found.Id === id ? found : undefined;
  } catch (error) {
    if (error instanceof DockerFailed && error.status === 404) return undefined;
    throw error;
  }
}

/** Ids of what recreations of this container have put beside it. */
export async function findBeside(engine: Engine, name: string): Promise<string[]> {
  const listed = await list(engine, { name: [`${name}.hale-`] });
  return listed.filter((one) => ownName.test(one.name) && one.name.replace(ownName, '') === name).map(({ id }) => id);
}

interface Listed {
  readonly id: string;
  readonly name: string;
}

async function list(engine: Engine, filters: Readonly<Record<string, string[]>>): Promise<Listed[]> {
  const listed = await engine.ask((docker, abortSignal) => docker.listContainers({ all: true, filters: { ...filters }, abortSignal }));
  return listed.map(({ Id, Names }) => ({ id: Id, name: (Names[0] ?? '').replace(/^\//, '') }));
}

/** docker also takes the beginning of an id for a name; that is not what was meant. */
async function byName(engine: Engine, name: string): Promise<Container> {
  const found = await inspectIfThere(engine, name);
  if (found !== undefined && nameOf(found) === name) return found;
  throw new DockerFailed('refused', `there is no container ${name}`, 404);
}

async function byLabel(engine: Engine, label: string): Promise<Container> {
  const names = (await list(engine, { label: [label] })).filter(({ name }) => !ownName.test(name));
  const [one, another] = names;
  if (one === undefined) throw new DockerFailed('refused', `no container has the label ${label}`, 404);
  if (another === undefined) return inspect(engine, one.id);
  const all = names.map(({ name }) => name).sort();
  throw new DockerFailed('refused', `${all.length} containers have the label ${label}, and one is meant: ${all.slice(0, 5).join(', ')}`);
}

export async function openOn<T>(
  { source, pick }: Target,
  limits: Limits,
  work: (engine: Engine, container: Container) => Promise<T>,
): Promise<T> {
  const engine = await openEngine(source, limits);
  return work(engine, await findContainer(engine, pick));
}

/** `running since ...`, `stopped since ... with exit code 1`. */
export function stateOf({ State, RestartCount }: Container): string {
  const { Paused, Restarting, Running, OOMKilled, ExitCode, StartedAt, FinishedAt, Health } = State;
  if (Paused) return 'paused';
  if (Restarting) return `being restarted by docker after exit code ${ExitCode}, for the ${RestartCount}. time`;
  if (Running) return `running since ${StartedAt.slice(0, 19)}Z${Health?.Status === 'unhealthy' ? ', unhealthy by its own check' : ''}`;
  if (State.Status === 'created') return 'created and never started';
  return `stopped since ${FinishedAt.slice(0, 19)}Z, ${OOMKilled ? 'killed for its memory' : `with exit code ${ExitCode}`}`;
}

/** Who else decides on this container, by the labels that such a controller writes. */
export function ownerOf({ Config }: Container): string | undefined {
  const labels = Config.Labels ?? {};
  if ('com.docker.swarm.task.id' in labels) return 'Docker Swarm';
  if ('io.kubernetes.pod.uid' in labels) return 'Kubernetes';
  return undefined;
}
