import { z } from 'zod';
import { kubernetesCommands, type KubernetesCommand } from '../../../domain/cluster.js';
import { clusterOf } from '../clusters.js';
import { choice, count } from '../scalars.js';
import { target } from '../signal-file.js';
import { at, textOf } from '../tree.js';
import { correctionKind, on, onlyIf, through } from './kind.js';

/** Pods and nodes are found by the instance; the others act on the Deployment as a whole. */
const ofInstance: readonly KubernetesCommand[] = ['deletePod', 'cordon'];
const restoring: readonly string[] = ['rolloutUndo', 'scale', 'cordon'];

const replicasError = 'how many more and how many at most, such as {by: 2, max: 10}';

export const kubernetes = correctionKind({
  main: 'kubernetes',
  keys: {
    kubernetes: choice(...kubernetesCommands)
      .optional()
      .describe('Corrects the Deployment that is the service`s target'),
    replicas: z.strictObject({ by: count(1, 1000), max: count(1, 10_000) }, { error: replicasError }).optional(),
    target: target.optional(),
    onlyIf,
    on,
    through,
  },
  defaults: (written) => ({ on: ofInstance.includes(textOf(at(written, 'kubernetes')) as KubernetesCommand) ? 'instance' : 'service' }),
  undo: (written) => (restoring.includes(textOf(at(written, 'kubernetes')) ?? '') ? 'restores' : 'nothingToRestore'),
  action: ({ kubernetes: command, replicas, on: whom, through: by }, { node, service, context }) => {
    if (command === undefined) return undefined;
    const { problems } = context;
    const needed = ofInstance.includes(command) ? 'instance' : 'service';
    if (whom !== needed) problems.error(at(node, 'on')?.place, `is ${whom}; allowed beside kubernetes: ${command}: ${needed}`);
    if (command !== 'scale' && replicas !== undefined)
      problems.error(at(node, 'replicas')?.place, `means nothing beside kubernetes: ${command}`);
    if (command === 'scale' && replicas === undefined)
      problems.error(node.place, `is missing its replicas; allowed: replicas: {by: 2, max: 10}`);
    const cluster = clusterOf(at(node, 'target') ?? at(service, 'target'), node, context);
    if (cluster === undefined) return undefined;
    const place = { kind: 'kubernetes' as const, ...cluster, ...(by !== undefined && { through: by }) };
    if (command === 'scale') return replicas && { ...place, command, ...replicas };
    if (command === 'deletePod' || command === 'cordon') return { ...place, command, instance: '$instance' };
    return { ...place, command };
  },
});
