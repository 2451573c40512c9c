import type Docker from 'dockerode';
import type { Image } from '../../domain/effect.js';
import { inspectIfThere } from './container.js';
import type { Engine } from './engine.js';
import { DockerFailed } from './failure.js';
import type { Seal } from './seal.js';
import { specificationOf, type Specification } from './specification.js';

export type Known = { readonly kind: 'known'; readonly specification: Specification } | { readonly kind: 'lost'; readonly why: string };

/**
 * What the good container was made of: from docker, where the container itself is still there, or from what was sealed. Either
 * must be the very specification that was seen to be good.
 */
export async function goodSpecification(engine: Engine, good: Image, seal: Seal): Promise<Known> {
  const { id, sealed } = good.content;
  const there = typeof id === 'string' ? await inspectIfThere(engine, id) : undefined;
  const candidates = [there && specificationOf(there), typeof sealed === 'string' ? seal.open(sealed) : undefined];
  for (const specification of candidates)
    if (specification !== undefined && (await seal.identityOf(specification)) === good.identity) return { kind: 'known', specification };
  return { kind: 'lost', why: whyLost(typeof sealed === 'string') };
}

const whyLost = (wasSealed: boolean): string =>
  wasSealed
    ? 'what was kept of its last known good configuration was sealed under another secret'
    : 'docker no longer has the last known good container as it was, and hale keeps no configuration of it: give the source a `seal`';

/** The image by its name where the name still means it, else by its id; undefined when docker no longer has it. */
export async function imageName(engine: Engine, { image }: Specification, name: string): Promise<string | undefined> {
  if ((await imageId(engine, name)) === image) return name;
  return (await imageId(engine, image)) === undefined ? undefined : image;
}

async function imageId(engine: Engine, name: string): Promise<string | undefined> {
  try {
    const found = await engine.ask((docker, abortSignal) => docker.getImage(name).inspect({ abortSignal } as Docker.ImageInspectOptions));
    return found.Id;
  } catch (error) {
    if (error instanceof DockerFailed && error.status === 404) return undefined;
    throw error;
  }
}
