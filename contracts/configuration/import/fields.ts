import type { Problems } from '../problem.js';
import { type Node, type Place, at, textOf } from '../tree.js';

/** The fields of one map of a foreign file. What nobody asked for is named in the end, so that nothing is lost in silence. */
export class Fields {
  readonly #node: Node | undefined;
  readonly #place: Place | undefined;
  readonly #problems: Problems;
  readonly #read = new Set<string>();

  /** `whole` is what the map stands in: where it is missing, that tells the line. */
  constructor(node: Node | undefined, problems: Problems, whole?: Place) {
    this.#node = node;
    this.#place = node?.place ?? whole;
    this.#problems = problems;
  }

  get(name: string): Node | undefined {
    this.#read.add(name);
    return at(this.#node, name);
  }

  has = (name: string): boolean => at(this.#node, name) !== undefined;

  text = (name: string): string | undefined => textOf(this.get(name));

  /** undefined, and said, when it is no number. */
  number(name: string): number | undefined {
    const node = this.get(name);
    if (node === undefined) return undefined;
    const value = Number(textOf(node));
    if (textOf(node) !== undefined && textOf(node) !== '' && Number.isFinite(value)) return value;
    this.#problems.warn(node.place, 'is no number and is left out');
    return undefined;
  }

  map = (name: string): Fields => new Fields(this.get(name), this.#problems, this.#place);

  items(name: string): readonly Node[] {
    const node = this.get(name);
    if (node?.kind === 'list') return node.items;
    if (node !== undefined) this.#problems.warn(node.place, 'is no list and is left out');
    return [];
  }

  /** Says why this map, or a field of it, is left out. */
  leaveOut(why: string, name?: string): undefined {
    const node = name === undefined ? this.#node : (at(this.#node, name) ?? this.#node);
    if (name !== undefined) this.#read.add(name);
    this.#problems.warn(node?.place ?? this.#place, `${why}, and is left out`);
    return undefined;
  }

  /** Fields that say nothing hale could use. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.#read.add(name);
  }

  /** Names every field that was not read. */
  done(): void {
    if (this.#node?.kind !== 'map') return;
    for (const [name, entry] of this.#node.entries)
      if (!this.#read.has(name)) this.#problems.warn(entry.key ?? entry.node.place, 'is not known to the import, and is left out');
  }
}
