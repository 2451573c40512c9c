import { nameFrom, type DraftService } from '../draft.js';
import type { Problems } from '../problem.js';
import { type Node, textOf } from '../tree.js';
import { Fields } from './fields.js';

/** An entity of a Backstage catalog that may be a service. */
export interface Entity {
  readonly name: string;
  readonly team?: string;
  /** Names of what it depends on, each with the place that says so. */
  readonly dependsOn: readonly { readonly name: string; readonly node: Node }[];
}

/** Reads one document of a `catalog-info.yaml`: of components and resources the owner and what they depend on. */
export function readEntity(node: Node, problems: Problems): Entity | undefined {
  const file = new Fields(node, problems);
  const kind = file.text('kind');
  if (kind !== 'Component' && kind !== 'Resource')
    return file.leaveOut(`is of kind ${kind ?? 'unknown'}; known: Component, Resource`, 'kind');
  file.ignore('apiVersion');
  const metadata = file.map('metadata');
  const name = metadata.text('name');
  metadata.ignore('title', 'description', 'namespace', 'annotations', 'labels', 'tags', 'links');
  metadata.done();
  const spec = file.map('spec');
  const owner = spec.text('owner');
  const dependsOn = spec.items('dependsOn').flatMap((item) => reference(item, problems));
  spec.ignore('type', 'lifecycle', 'system', 'subcomponentOf', 'providesApis', 'consumesApis', 'dependencyOf');
  spec.done();
  file.done();
  if (name === undefined) return metadata.leaveOut('has no name');
  return { name: nameFrom(name), ...(owner === undefined ? {} : { team: nameFrom(lastPart(owner)) }), dependsOn };
}

/** `component:default/orders` and `orders` name the same. */
const lastPart = (reference: string): string => reference.replace(/^.*[:/]/, '');

function reference(item: Node, problems: Problems): { name: string; node: Node }[] {
  const text = textOf(item);
  if (text === undefined) {
    problems.warn(item.place, 'is no reference to an entity, and is left out');
    return [];
  }
  return [{ name: nameFrom(lastPart(text)), node: item }];
}

/** Services with owners as teams. A dependency on something that is no entity of these files can't be checked: it is named. */
export function draftsOf(entities: readonly Entity[], problems: Problems): DraftService[] {
  const known = new Set(entities.map(({ name }) => name));
  const byName = new Map<string, Entity>();
  for (const entity of entities) {
    const same = byName.get(entity.name);
    byName.set(entity.name, same === undefined ? entity : { ...same, ...entity, dependsOn: [...same.dependsOn, ...entity.dependsOn] });
  }
  return [...byName.values()].map(({ name, team, dependsOn }) => {
    for (const one of dependsOn)
      if (one.name === name) problems.warn(one.node.place, `is ${name} itself, and is left out`);
      else if (!known.has(one.name)) problems.warn(one.node.place, `is no component or resource of these files, and is left out`);
    const names = [...new Set(dependsOn.map((one) => one.name))].filter((one) => known.has(one) && one !== name);
    return {
      name,
      keys: { ...(team === undefined ? {} : { team }), ...(names.length === 0 ? {} : { dependsOn: names }) },
      signals: [],
      objectives: [],
    };
  });
}
