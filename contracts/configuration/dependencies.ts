import type { Service } from '../../domain/service.js';
import type { Context } from './context.js';
import { unknown } from './problem.js';
import { at } from './tree.js';

/** Services depend on services of this file, and never on themselves, however long the way round. */
export function checkDependencies(services: readonly Service[], context: Context): void {
  const byName = new Map(services.map((service) => [service.name, service]));
  for (const service of services) {
    service.dependsOn.forEach((other, index) => {
      if (!byName.has(other)) context.problems.error(placeOf(service.name, context, index), unknown('service', other, [...byName.keys()]));
    });
  }
  for (const chain of cycles(byName)) {
    const sentence = `depends on itself: ${chain.join(' -> ')}; allowed: dependencies without a circle`;
    context.problems.error(placeOf(chain[0] ?? '', context), sentence);
  }
}

const placeOf = (service: string, context: Context, ...index: number[]) => {
  const node = at(context.root, 'services', service, 'dependsOn', ...index);
  return (node ?? at(context.root, 'services', service))?.place;
};

/** Each circle once, from the first of its services that the walk met. */
function cycles(services: ReadonlyMap<string, Service>): string[][] {
  const done = new Set<string>();
  const found: string[][] = [];
  for (const start of services.keys()) {
    const trail: string[] = [];
    const pending: { name: string; depth: number }[] = [{ name: start, depth: 0 }];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      for (const left of trail.splice(next.depth)) done.add(left);
      const seen = trail.indexOf(next.name);
      if (seen >= 0) found.push([...trail.slice(seen), next.name]);
      if (seen >= 0 || done.has(next.name)) continue;
      trail.push(next.name);
      for (const other of services.get(next.name)?.dependsOn ?? []) pending.push({ name: other, depth: trail.length });
    }
    for (const left of trail) done.add(left);
  }
  return found;
}
