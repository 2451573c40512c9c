import type { Context } from './context.js';
import { unknown } from './problem.js';
import { type Node, at, textOf } from './tree.js';

export interface Place {
  readonly namespace: string;
  readonly deployment: string;
}

const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const dotted = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/** The Deployment that a target names, within the namespaces that its source is bound to; reported and undefined elsewhere. */
export function placeOf(target: Node | undefined, context: Context): Place | undefined {
  const named = at(target, 'deployment');
  const refuse = (allowed: string): undefined => {
    context.problems.error(named?.place, `is ${JSON.stringify(textOf(named))}; allowed: ${allowed}`);
    return undefined;
  };
  const [namespace = '', deployment = '', ...more] = (textOf(named) ?? '').split('/');
  if (!label.test(namespace) || !dotted.test(deployment) || more.length > 0) return refuse('NAMESPACE/NAME, such as shop/checkout');
  const source = textOf(at(target, 'source')) ?? '';
  const bounds = context.file.sources?.[source]?.namespaces;
  if (bounds !== undefined && !bounds.includes(namespace))
    return refuse(`a Deployment in ${bounds.join(', ') || 'no namespace'}, as sources.${source}.namespaces says`);
  return { namespace, deployment };
}

/** The Deployment to correct, and how its cluster is reached. */
export function clusterOf(target: Node | undefined, user: Node, context: Context): (Place & { readonly access: string }) | undefined {
  const sources = context.file.sources ?? {};
  const known = Object.keys(sources).filter((name) => sources[name]?.kubernetes !== undefined);
  const named = textOf(at(target, 'source'));
  if (named === undefined || at(target, 'deployment') === undefined) {
    const example = 'target: {source: eu, deployment: shop/checkout}, here or at the service, with sources: {eu: {kubernetes: inCluster}}';
    context.problems.error(user.place, `needs a Deployment to act on; allowed: ${example}`);
    return undefined;
  }
  const access = known.includes(named) ? sources[named]?.kubernetes : undefined;
  if (access === undefined) {
    context.problems.error(at(target, 'source')?.place ?? user.place, unknown('Kubernetes source', named, known));
    return undefined;
  }
  const place = placeOf(target, context);
  return place && { ...place, access };
}
