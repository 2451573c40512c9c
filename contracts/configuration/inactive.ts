import { type Node, type Step, pathText } from './tree.js';

const inTemplates = (...rests: readonly string[]): string[] => rests.flatMap((rest) => [`classes.*.${rest}`, `services.*.${rest}`]);

/** Parts of the file that this version reads but does not act on yet; whoever makes one work takes its line away. */
const patterns = inTemplates('objectives.*.warnAhead').map((pattern) => pattern.split('.'));

/** Paths of the file that are accepted and not acted on yet, in the order of the file. */
export function notYetActive(node: Node, path: readonly Step[] = []): string[] {
  if (
    path.length > 0 &&
    patterns.some((pattern) => pattern.length === path.length && pattern.every((part, i) => part === '*' || part === path[i]))
  )
    return [pathText(path)];
  if (node.kind !== 'map') return [];
  return [...node.entries].flatMap(([key, entry]) => notYetActive(entry.node, [...path, key]));
}
