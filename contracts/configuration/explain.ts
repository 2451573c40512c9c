import { type Node, type Place, type Step, pathText, plain } from './tree.js';

/** One value of a service as it takes effect, and who said so. */
export interface Explained {
  readonly path: string;
  readonly value: string;
  readonly origin: string;
}

/** Every value of a service, in the words and the order of the file, with the line or default it comes from. */
export function explain(node: Node, path: readonly Step[] = []): Explained[] {
  if (node.kind === 'map' && node.entries.size > 0) return [...node.entries].flatMap(([key, entry]) => explain(entry.node, [...path, key]));
  if (node.kind === 'list' && node.items.some((item) => item.kind !== 'scalar'))
    return node.items.flatMap((item, index) => explain(item, [...path, index]));
  return [{ path: pathText(path), value: valueText(plain(node)), origin: originText(node.place) }];
}

const valueText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** "class web, fleet.yaml:32:7", or "default". */
export function originText(place: Place | undefined): string {
  if (place === undefined) return 'default';
  const [section = '', name = ''] = place.path.split('.');
  const owner = section === 'classes' ? `class ${name}` : section === 'services' ? `service ${name}` : section;
  return `${owner}, ${place.file}:${place.line}:${place.column}`;
}
