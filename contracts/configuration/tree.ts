/** Where something stands in a file; `path` is where it was written, which for a template is not where it takes effect. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly path: string;
}

/** A configuration value that remembers where it was written; without a place it is hale's own default. */
export type Node =
  | { readonly kind: 'map'; readonly entries: ReadonlyMap<string, Entry>; readonly place?: Place | undefined }
  | { readonly kind: 'list'; readonly items: readonly Node[]; readonly place?: Place | undefined }
  | { readonly kind: 'scalar'; readonly value: Scalar; readonly place?: Place | undefined };

export type Scalar = string | number | boolean | null;

/** A value under its key; an unknown key is shown where the key stands, a wrong value where the value stands. */
export interface Entry {
  readonly node: Node;
  readonly key?: Place | undefined;
}

export type Step = PropertyKey;

export const emptyMap: Node = { kind: 'map', entries: new Map() };

/** Writes `over` on top of `base`: maps merge key by key, anything else is replaced. New keys come last. */
export function merge(base: Node, over: Node): Node {
  if (base.kind !== 'map' || over.kind !== 'map') return over;
  const entries = new Map(base.entries);
  for (const [key, entry] of over.entries) {
    const below = entries.get(key);
    entries.set(key, below === undefined ? entry : { ...entry, node: merge(below.node, entry.node) });
  }
  return { kind: 'map', entries, place: over.place ?? base.place };
}

export const childOf = (node: Node | undefined, step: Step): Node | undefined => {
  if (node?.kind === 'map') return node.entries.get(String(step))?.node;
  return node?.kind === 'list' ? node.items[Number(step)] : undefined;
};

/** The node at `path`, or undefined. */
export const at = (node: Node | undefined, ...path: readonly Step[]): Node | undefined => path.reduce(childOf, node);

/** The node's text when it is a scalar, else undefined. */
export const textOf = (node: Node | undefined): string | undefined => (node?.kind === 'scalar' ? String(node.value) : undefined);

/** Keys of a map in the order of the file; empty for anything else. */
export const keysOf = (node: Node | undefined): string[] => (node?.kind === 'map' ? [...node.entries.keys()] : []);

/** The same value without its places. Objects have no prototype, so that no key can mean more than itself. */
export function plain(node: Node | undefined): unknown {
  if (node === undefined) return undefined;
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(plain);
  const object = Object.create(null) as Record<string, unknown>;
  for (const [key, entry] of node.entries) object[key] = plain(entry.node);
  return object;
}

/** The reverse of `plain`, for hale's own defaults; `undefined` is left out. */
export function fromPlain(value: unknown): Node {
  if (Array.isArray(value)) return { kind: 'list', items: value.map(fromPlain) };
  if (typeof value === 'object' && value !== null) {
    const given = Object.entries(value).filter(([, child]) => child !== undefined);
    return { kind: 'map', entries: new Map(given.map(([key, child]) => [key, { node: fromPlain(child) }])) };
  }
  return { kind: 'scalar', value: value as Scalar };
}

/** The tree without what stands at `path`. */
export function without(node: Node, [step, ...rest]: readonly Step[]): Node {
  if (step === undefined) return node;
  if (node.kind === 'scalar') return node;
  if (node.kind === 'list') {
    const item = node.items[Number(step)];
    if (item === undefined) return node;
    return {
      ...node,
      items: rest.length === 0 ? node.items.toSpliced(Number(step), 1) : node.items.with(Number(step), without(item, rest)),
    };
  }
  const entries = new Map(node.entries);
  const entry = entries.get(String(step));
  if (entry === undefined) return node;
  if (rest.length === 0) entries.delete(String(step));
  else entries.set(String(step), { ...entry, node: without(entry.node, rest) });
  return { ...node, entries };
}

/** `services.shop.overrides[0].until`, as people write it, going on from `start`. */
export const pathText = (path: readonly Step[], start = ''): string =>
  path.reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[${step}]` : text === '' ? String(step) : `${text}.${String(step)}`),
    start,
  );
