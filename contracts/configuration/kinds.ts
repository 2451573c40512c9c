import type { Problems } from './problem.js';
import { type Node, type Place, keysOf } from './tree.js';

/** For each kind, the key that makes it one, and the keys that mean something beside it. */
export type Kinds<K extends string> = Readonly<Record<K, { readonly main: string; readonly beside: readonly string[] }>>;

/** The one kind that a signal or correction is of; reported and undefined when it is of none or of two, or has a key of another kind. */
export function kindOf<K extends string>(node: Node, kinds: Kinds<K>, common: readonly string[], problems: Problems): K | undefined {
  const all = Object.keys(kinds) as K[];
  const keys = keysOf(node);
  const named = all.filter((one) => keys.includes(kinds[one].main));
  const [kind, another] = named.filter((one) => !named.some((other) => kinds[other].beside.includes(kinds[one].main)));
  const mains = all.map((one) => kinds[one].main).join(', ');
  if (kind === undefined) return refuse(problems, node.place, `does not say what it is; allowed: one of ${mains}`);
  if (another !== undefined)
    return refuse(problems, keyPlace(node, kinds[another].main), `stands beside ${kinds[kind].main}; allowed: only one of ${mains}`);
  // What it is stands there and is wrong: it would be another thing without.
  const others = all.filter((one) => one !== kind && !kinds[kind].beside.includes(kinds[one].main));
  if (others.some((one) => problems.isFaulty(node.place, kinds[one].main))) return undefined;
  const foreign = keys.filter((key) => key !== kinds[kind].main && !kinds[kind].beside.includes(key) && !common.includes(key));
  const allowed = [...kinds[kind].beside, ...common].join(', ');
  for (const key of foreign) problems.error(keyPlace(node, key), `means nothing beside ${kinds[kind].main}; allowed: ${allowed}`);
  return kind;
}

const keyPlace = (node: Node, key: string): Place | undefined =>
  node.kind === 'map' ? (node.entries.get(key)?.key ?? node.place) : undefined;

function refuse(problems: Problems, place: Place | undefined, sentence: string): undefined {
  problems.error(place, sentence);
  return undefined;
}
