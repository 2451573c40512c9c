import type { Feed } from '../../domain/feed.js';
import type { Service } from '../../domain/service.js';
import { placeOf } from './clusters.js';
import type { Context } from './context.js';
import { unknown } from './problem.js';
import type { Resolved } from './signals.js';
import { type Node, at, textOf } from './tree.js';

const everyMsDefault = 30_000;

/** Where hale itself looks for changes: repositories that services name in `changes`, and the Deployments that are their targets. */
export function resolveFeeds(context: Context, services: readonly Resolved<Service>[]): readonly Feed[] {
  const sources = context.file.sources ?? {};
  for (const { node } of services) for (const one of changesOf(node)) checkSource(one, context);
  return Object.entries(sources).flatMap(([name, { git, branch, kubernetes, refresh }]): Feed[] => {
    const everyMs = refresh ?? everyMsDefault;
    if (git !== undefined) {
      const paths = services.flatMap(({ value, node }) => pathsOf(value.name, node, name));
      return paths.length === 0 ? [] : [{ kind: 'git', name, repository: git, branch: branch ?? 'main', everyMs, paths }];
    }
    if (kubernetes === undefined) return [];
    const deployments = services.flatMap(({ value, node }) => deploymentOf(value.name, node, name, context));
    return deployments.length === 0 ? [] : [{ kind: 'kubernetes', name, access: kubernetes, everyMs, deployments }];
  });
}

const changesOf = (service: Node): readonly Node[] => {
  const list = at(service, 'changes');
  return list?.kind === 'list' ? list.items : [];
};

function checkSource(one: Node, context: Context): void {
  const source = at(one, 'source');
  const sources = context.file.sources ?? {};
  const known = Object.keys(sources).filter((name) => sources[name]?.git !== undefined);
  if (!known.includes(textOf(source) ?? ''))
    context.problems.error(source?.place ?? one.place, unknown('git source', textOf(source) ?? '', known));
}

const pathsOf = (service: string, node: Node, source: string) =>
  changesOf(node)
    .filter((one) => textOf(at(one, 'source')) === source)
    .map((one) => {
      const path = textOf(at(one, 'path'))?.replace(/\/+$/, '');
      return { service, ...(path ? { path } : {}) };
    });

function deploymentOf(service: string, node: Node, source: string, context: Context) {
  const target = at(node, 'target');
  if (textOf(at(target, 'source')) !== source || at(target, 'deployment') === undefined) return [];
  const place = placeOf(target, context);
  return place === undefined ? [] : [{ service, ...place }];
}
