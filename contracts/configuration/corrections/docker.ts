import { z } from 'zod';
import { formatDuration } from '../../../domain/duration.js';
import { type DockerSource, type ContainerPick, dockerOperations } from '../../../domain/service.js';
import { type Context, secretNamed } from '../context.js';
import { unknown } from '../problem.js';
import { bytes, choice, duration, parseDuration } from '../scalars.js';
import { target } from '../signal-file.js';
import { type Node, at, textOf } from '../tree.js';
import { correctionKind, onlyIf, restore, type Where } from './kind.js';

/** What the call takes beside the time that the container has to end. */
const besidesMs = 5_000;

const cpus = z.coerce.number({ error: 'a number of CPUs, such as 1.5' });

/** What docker takes. Asked for beside `limits` only: beside the others a limit means nothing, however large. */
const limits = {
  memory: { least: 6 * 2 ** 20, most: 64 * 2 ** 40, allowed: 'from 6MiB to 64TiB, such as 512MiB' },
  cpus: { least: 0.01, most: 1024, allowed: 'from 0.01 to 1024 CPUs, such as 1.5' },
};

export const docker = correctionKind({
  main: 'docker',
  keys: {
    docker: choice(...dockerOperations)
      .optional()
      .describe('What is done to the container of `target`; recreate: from the last known good image and configuration'),
    target: target.optional(),
    restore,
    stopWithin: duration('1s', '5m').optional().describe('How long the container has to end by itself before it is killed'),
    memory: bytes.optional().describe('limits: its memory, in place of the limit that it has'),
    cpus: cpus.optional().describe('limits: its CPUs, in place of the limit that it has'),
    onlyIf,
  },
  defaults: (written) => ({ stopWithin: '10s', ...(operationOf(written) === 'recreate' && { restore: 'lastGood' }) }),
  undo: (written) => (['restart', 'hardRestart'].includes(operationOf(written) ?? '') ? 'nothingToRestore' : 'restores'),
  action: ({ docker: operation, stopWithin: stopWithinMs = 10_000, memory, cpus: wanted }, where) => {
    checkTimeout(where, stopWithinMs);
    checkBeside(where, operation);
    if (operation === 'limits') checkLimits(where, { memory, cpus: wanted });
    const at = targetOf(where);
    if (operation === undefined || at === undefined) return undefined;
    if (operation === 'recreate' && at.source.seal === undefined) warnOfNoSeal(where, at.source.name);
    return {
      kind: 'docker',
      ...at,
      operation,
      stopWithinMs,
      ...(memory !== undefined && { memoryBytes: memory }),
      ...(wanted !== undefined && { cpus: wanted }),
    };
  },
});

const operationOf = (written: Node): string | undefined => textOf(at(written, 'docker'));

function checkTimeout({ node, context }: Where, stopWithinMs: number): void {
  const timeoutMs = parseDuration(textOf(at(node, 'timeout')) ?? '') ?? 0;
  const least = stopWithinMs + besidesMs;
  if (timeoutMs >= least) return;
  const sentence = `is ${formatDuration(timeoutMs)}; allowed: at least ${formatDuration(least)}, since stopWithin is ${formatDuration(stopWithinMs)} and docker needs time besides`;
  context.problems.error(at(node, 'timeout')?.place ?? node.place, sentence);
}

/** Keys that mean something beside one operation only. */
function checkBeside({ node, context }: Where, operation: string | undefined): void {
  const refuse = (key: string, sentence: string): void => context.problems.error((at(node, key) ?? node).place, sentence);
  if (operation !== 'limits')
    for (const key of Object.keys(limits).filter((one) => at(node, one) !== undefined))
      refuse(key, `means nothing beside docker: ${operation}; allowed: beside docker: limits`);
  const wanted = textOf(at(node, 'restore'));
  if (operation !== 'recreate' && wanted !== undefined)
    refuse('restore', `means nothing beside docker: ${operation}; allowed: beside docker: recreate`);
  else if (wanted === 'previous') refuse('restore', 'is previous; allowed beside docker: lastGood (previous is for release)');
}

function checkLimits({ node, context }: Where, wanted: Readonly<Record<keyof typeof limits, number | undefined>>): void {
  if (wanted.memory === undefined && wanted.cpus === undefined)
    context.problems.error(node.place, 'names no limit; allowed: memory: 512MiB, cpus: 1.5, or both');
  for (const key of ['memory', 'cpus'] as const) {
    const { least, most, allowed } = limits[key];
    const value = wanted[key];
    if (value !== undefined && (value < least || value > most))
      context.problems.error(at(node, key)?.place, `is ${textOf(at(node, key))}; allowed: ${allowed}`);
  }
}

const example = "target: {source: dock, container: shop}, with sources: {dock: {docker: 'unix:///var/run/docker.sock'}}";

function targetOf({ node, service, context }: Where): { readonly source: DockerSource; readonly pick: ContainerPick } | undefined {
  const named = at(node, 'target') ?? at(service, 'target');
  const source = sourceNamed(at(named, 'source'), node, context);
  const [container, label] = [textOf(at(named, 'container')), textOf(at(named, 'label'))];
  if ((container === undefined) === (label === undefined)) {
    const both = container === undefined ? 'names no container' : 'names a container and a label';
    context.problems.error(
      (named ?? node).place,
      `${both}; allowed: one of container: NAME and label: KEY=VALUE (an empty selector selects nothing)`,
    );
    return undefined;
  }
  if (source === undefined) return undefined;
  return { source, pick: container === undefined ? { label: label ?? '' } : { container } };
}

function sourceNamed(named: Node | undefined, user: Node, context: Context): DockerSource | undefined {
  const sources = at(context.root, 'sources');
  const name = textOf(named);
  const node = at(sources, name ?? '');
  const url = textOf(at(node, 'docker'));
  if (name !== undefined && url !== undefined) {
    const seal = secretNamed(at(node, 'seal'), context);
    return { name, url: url.replace(/\/+$/, ''), ...(seal && { seal }) };
  }
  const known = Object.entries(context.file.sources ?? {}).flatMap(([one, { docker: is }]) => (is === undefined ? [] : [one]));
  context.problems.error(
    (named ?? user).place,
    name === undefined ? `names no docker; allowed: ${example}` : unknown('docker source', name, known),
  );
  return undefined;
}

function warnOfNoSeal({ node, context }: Where, source: string): void {
  const sentence = `keeps no configuration, since sources.${source} has no seal: it can only go back to a container that docker still has; allowed: seal: NAME of an entry of secrets`;
  context.problems.warn((at(node, 'docker') ?? node).place, sentence);
}
