import { createHash } from 'node:crypto';
import type { Examined, ReadBack, Target, Undone } from '../../activities/ports.js';
import type { Image } from '../../domain/effect.js';
import { TargetRefused } from '../../domain/failure.js';
import { besideName, findContainer, inspect, inspectIfThere, nameOf, type Container } from './container.js';
import type { Engine } from './engine.js';
import { goodSpecification, imageName } from './good.js';
import {
  changed,
  hindrance,
  looking,
  refuseHindered,
  summaryOf,
  type DockerAction,
  type DockerCall,
  type Operation,
  type Seen,
} from './operation.js';
import { create, remove, rename, start, stop, update } from './requests.js';
import { sealWith } from './seal.js';
import { actionLabel, creationOf, differences, specificationOf, unmakeable, unsupported } from './specification.js';
import { sweep } from './sweep.js';

/**
 * Puts a container of the last known good configuration and image in the place of the one that is there. The new one is made
 * and looked at before anything happens to the old one, which is set aside and stays: the undo puts it back.
 */
export const recreateOperation: Operation = {
  imageOf,
  examine,
  act,
  standing,
  found,
  undo,
};

async function imageOf(container: Container, { source }: DockerAction): Promise<Image> {
  const seal = await sealWith(source.seal);
  const specification = specificationOf(container);
  const identity = await seal.identityOf(specification);
  const sealed = seal.close(specification);
  const { Id, State, HostConfig, Config, Created } = container;
  const runs = State.Running && !State.Paused && !State.Restarting;
  return {
    identity,
    summary: `${summaryOf(container, nameOf(container))}, configuration ${identity.slice(0, 8)}`,
    content: {
      id: Id,
      name: nameOf(container),
      imageName: Config.Image,
      running: State.Running,
      restartPolicy: HostConfig.RestartPolicy ?? {},
      changedAt: Date.parse(Created),
      ...(sealed === undefined ? {} : { sealed }),
    },
    ...(runs ? {} : { notGood: 'it does not run' }),
  };
}

async function examine(engine: Engine, container: Container, { action }: Target<DockerAction>, { current, good }: Seen): Promise<Examined> {
  const no = (reason: string): Examined => ({ applicable: false, reason: `${nameOf(container)}: ${reason}` });
  const reason = hindrance(container) ?? unsupported(container);
  if (reason !== undefined) return no(reason);
  if (good === undefined) return no('no good configuration of it was seen yet');
  if (good.identity === current.identity) return no(`its configuration is the last known good one: ${good.summary}`);
  const known = await goodSpecification(engine, good, await sealWith(action.source.seal));
  if (known.kind === 'lost') return no(known.why);
  const { specification } = known;
  const why = unmakeable(specification);
  if (why !== undefined) return no(why);
  if ((await imageName(engine, specification, specification.image)) === undefined) return no(imageIsGone(specification.image));
  const differs = differences(specificationOf(container), specification);
  return {
    applicable: true,
    evidence: `${current.summary}; the last known good configuration differs in ${differs}: ${good.summary}`,
    changedAt: Date.parse(container.Created),
    goal: good,
  };
}

const imageIsGone = (image: string): string => `the image of its last known good configuration is gone: ${image.slice(0, 19)}`;

/** The three containers that a recreation may find: in their places or beside them. */
interface Places {
  readonly old: Container | undefined;
  readonly fresh: Container | undefined;
  /** Whoever answers to the name now. */
  readonly inPlace: Container | undefined;
}

const nameBefore = ({ before }: DockerCall): string => String(before.content.name);
const keyOf = (actionId: string): string => createHash('sha256').update(actionId).digest('hex').slice(0, 8);

async function placesOf(engine: Engine, call: DockerCall, actionId: string): Promise<Places> {
  const { before } = call;
  const name = nameBefore(call);
  const [old, inPlace, made] = await Promise.all([
    inspectIfThere(engine, String(before.content.id)),
    inspectIfThere(engine, name),
    inspectIfThere(engine, besideName(name, 'new', keyOf(actionId))),
  ]);
  const isOurs = inPlace?.Config.Labels?.[actionLabel] === actionId;
  return { old, inPlace, fresh: isOurs ? inPlace : made };
}

async function act(engine: Engine, call: DockerCall, did: () => void): Promise<Image> {
  const { actionId, goal, action } = call;
  if (goal === undefined) throw new TargetRefused('it was prepared without saying what it is to become');
  const name = nameBefore(call);
  const { old, fresh: made } = await looking(placesOf(engine, call, actionId));
  if (old === undefined) throw new TargetRefused(`${name}: the container that was there is gone`);
  const isAside = nameOf(old) !== name;
  if (made !== undefined && isStartedSince(made, old)) {
    if (!isAside) await leaveTo(engine, old, made, call);
    throw changed(await imageOf(old, action));
  }
  const fresh = made !== undefined && isAside ? made : await make(engine, call, goal, made);
  did();
  if (!isAside) await setAside(engine, old, besideName(name, 'before', keyOf(actionId)), action);
  await putInPlace(engine, fresh, name);
  await sweep(engine, name, old.Id);
  return marked(await imageOf(await inspect(engine, fresh.Id), action), actionId);
}

/**
 * Under a name of its own, not started: nothing has happened to the service yet.
 * @param made by an earlier try, which was cut off since: whatever it compared may have changed
 */
async function make(engine: Engine, call: DockerCall, goal: Image, made: Container | undefined): Promise<Container> {
  const { action, actionId, before } = call;
  const seal = await looking(sealWith(action.source.seal));
  const there = await looking(findContainer(engine, action.pick));
  const now = await imageOf(made === undefined ? there : asItWas(there, before), action);
  if (there.Id !== before.content.id || now.identity !== before.identity) throw changed(now);
  refuseHindered(there);
  const known = await looking(goodSpecification(engine, goal, seal));
  if (known.kind === 'lost') throw new TargetRefused(known.why);
  const image = await looking(imageName(engine, known.specification, String(goal.content.imageName)));
  if (image === undefined) throw new TargetRefused(imageIsGone(known.specification.image));
  const name = besideName(nameBefore(call), 'new', keyOf(actionId));
  const creation = creationOf(known.specification, there, { image, action: actionId });
  const fresh = made ?? (await inspect(engine, await create(engine, name, creation)));
  const became = specificationOf(fresh);
  if ((await seal.identityOf(became)) === goal.identity) return fresh;
  await remove(engine, fresh.Id);
  throw new TargetRefused(`docker makes something else of the last known good configuration: ${differences(became, known.specification)}`);
}

type RestartPolicy = Container['HostConfig']['RestartPolicy'];

const comesBack = (policy: RestartPolicy): boolean => !['', 'no'].includes(policy?.Name ?? '');

/** Its restart policy is set aside as well: it must not come back by itself when docker starts. */
async function setAside(engine: Engine, container: Container, name: string, { stopWithinMs }: DockerAction): Promise<void> {
  const { Id, HostConfig } = container;
  if (comesBack(HostConfig.RestartPolicy)) await update(engine, Id, { RestartPolicy: { Name: 'no' } });
  await stop(engine, Id, stopWithinMs);
  await rename(engine, Id, name);
}

/**
 * Somebody has started the old one since an earlier try made the new one: hale only stops it. docker's own policy starts it
 * only before hale takes that away, which is the next request: too rarely to be told apart.
 */
const isStartedSince = (made: Container, old: Container): boolean => Date.parse(old.State.StartedAt) > Date.parse(made.Created);

/** What an earlier try has begun is taken back, and nothing of what somebody has made of the old one since. */
async function leaveTo(engine: Engine, old: Container, made: Container, { before }: DockerCall): Promise<void> {
  await giveBackPolicy(engine, old, before);
  await remove(engine, made.Id);
}

/** Unless somebody has given it another one since. */
async function giveBackPolicy(engine: Engine, container: Container, { content }: Image): Promise<void> {
  if (isPolicyTaken(container, content)) await update(engine, container.Id, { RestartPolicy: content.restartPolicy });
}

const isPolicyTaken = ({ HostConfig }: Container, { restartPolicy }: Image['content']): boolean =>
  comesBack(restartPolicy as RestartPolicy) && !comesBack(HostConfig.RestartPolicy);

/** With the restart policy that it had in this image, where an earlier try may have begun to set it aside. */
const asItWas = (container: Container, { content }: Image): Container =>
  comesBack(container.HostConfig.RestartPolicy)
    ? container
    : { ...container, HostConfig: { ...container.HostConfig, RestartPolicy: content.restartPolicy as RestartPolicy } };

async function putInPlace(engine: Engine, container: Container, name: string): Promise<void> {
  if (nameOf(container) !== name) await rename(engine, container.Id, name);
  await start(engine, container.Id);
}

/** An undo has to know which action it undoes: it has an id of its own. */
const marked = (image: Image, actionId: string): Image => ({ ...image, content: { ...image.content, actionId } });

async function standing(engine: Engine, call: DockerCall): Promise<Image> {
  const { inPlace } = await placesOf(engine, call, call.actionId);
  return marked(inPlace === undefined ? nobody(call) : await imageOf(inPlace, call.action), call.actionId);
}

const nobody = (call: DockerCall): Image => ({ identity: 'nobody', summary: `there is no ${nameBefore(call)}`, content: {} });

const wasStarted = ({ State }: Container): boolean => !State.StartedAt.startsWith('0001-');

async function found(engine: Engine, call: DockerCall): Promise<ReadBack> {
  const { old, fresh, inPlace } = await placesOf(engine, call, call.actionId);
  const after = fresh === undefined ? await standing(engine, call) : marked(await imageOf(fresh, call.action), call.actionId);
  if (old !== undefined && inPlace?.Id === old.Id && (fresh === undefined || isUntouched(old, call.before))) return { kind: 'notApplied' };
  if (fresh !== undefined && (inPlace === undefined || inPlace.Id === fresh.Id || inPlace.Id === old?.Id)) {
    if (inPlace?.Id === fresh.Id && wasStarted(fresh)) return { kind: 'applied', after };
    return { kind: 'partly', after, left: 'the new container is made, and not in its place yet' };
  }
  return { kind: 'unknown', why: `another container has its place: ${after.summary}` };
}

/** Nothing that an earlier try did to it is in force: it runs, and comes back, if it did before. */
const isUntouched = (container: Container, { content }: Image): boolean =>
  (container.State.Running || content.running !== true) && !isPolicyTaken(container, content);

async function undo(engine: Engine, call: DockerCall, after: Image): Promise<Undone> {
  const { before, action } = call;
  const actionId = String(after.content.actionId);
  const early = await changedMeanwhile(engine, call, after);
  if (early !== undefined) return { kind: 'changedMeanwhile', now: early };
  await call.permit();
  const late = await changedMeanwhile(engine, call, after);
  if (late !== undefined) return { kind: 'changedMeanwhile', now: late };
  const { old, fresh } = await placesOf(engine, call, actionId);
  if (old === undefined) throw new Error(`the container that was set aside is gone: ${before.summary}`);
  const name = nameBefore(call);
  if (fresh !== undefined) await setAside(engine, fresh, besideName(name, 'undone', keyOf(actionId)), action);
  if (nameOf(old) !== name) await rename(engine, old.Id, name);
  await giveBackPolicy(engine, old, before);
  if (before.content.running === true) await start(engine, old.Id);
  return { kind: 'undone', now: await imageOf(await inspect(engine, old.Id), action) };
}

/** Whoever is in the place is hale's own, as hale has left it, or the one from before, or nobody; else what is there now. */
async function changedMeanwhile(engine: Engine, call: DockerCall, after: Image): Promise<Image | undefined> {
  const { old, fresh, inPlace } = await placesOf(engine, call, String(after.content.actionId));
  if (inPlace === undefined || inPlace.Id === old?.Id) return undefined;
  const now = await imageOf(asItWas(inPlace, after), call.action);
  const isOurs = inPlace.Id === fresh?.Id && (now.identity === after.identity || now.identity === call.goal?.identity);
  return isOurs ? undefined : now;
}
