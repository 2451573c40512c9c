import { closest, distance } from 'fastest-levenshtein';
import { type Node, type Place, type Step, at, pathText } from './tree.js';

/** One thing wrong with a configuration, where it stands, and how to put it right. */
export interface Problem extends Place {
  readonly sentence: string;
}

/** Collects everything that is wrong, so that all of it is said at once. */
export class Problems {
  readonly errors: Problem[] = [];
  readonly warnings: Problem[] = [];
  #read = 0;

  /** From here on an error about a whole is not said when one of its parts was already found wrong. */
  partsAreRead(): void {
    this.#read = this.errors.length;
  }

  error(place: Place | undefined, sentence: string): void {
    const problem = { ...(place ?? nowhere), sentence };
    const follows = this.errors.slice(0, this.#read).some((part) => part.file === problem.file && isInside(part.path, problem.path));
    if (!follows && !this.errors.some((other) => sameProblem(other, problem))) this.errors.push(problem);
  }

  /** Whether what stands under this key of a whole was found wrong as it was read. */
  isFaulty(whole: Place | undefined, key: string): boolean {
    return this.errors.slice(0, this.#read).some(({ file, path }) => file === whole?.file && isInside(path, `${whole.path}.${key}`));
  }

  warn(place: Place | undefined, sentence: string): void {
    const problem = { ...(place ?? nowhere), sentence };
    if (!this.warnings.some((other) => sameProblem(other, problem))) this.warnings.push(problem);
  }
}

const isInside = (part: string, whole: string): boolean => part.startsWith(`${whole}.`) || part.startsWith(`${whole}[`) || part === whole;

const sameProblem = (one: Problem, other: Problem): boolean =>
  one.file === other.file && one.line === other.line && one.path === other.path && one.sentence === other.sentence;

const nowhere: Place = { file: '', line: 0, column: 0, path: '' };

/** `fleet.yaml:12:9 services.shop.mode: is "on"; allowed: observe, ask, act`, on one line and safe for a terminal. */
export const problemText = (problem: Problem): string => oneLine(problem).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '');

const oneLine = (problem: Problem): string =>
  `${problem.file}:${problem.line}:${problem.column} ${problem.path === '' ? '' : `${problem.path}: `}${problem.sentence}`;

/** The known word that was probably meant, or undefined when none is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const candidate = closest(word, [...known]);
  return distance(word, candidate) <= Math.max(2, Math.floor(word.length / 3)) ? candidate : undefined;
}

/** "unknown service chekout; did you mean checkout? Known: ...". */
export function unknown(what: string, word: string, known: readonly string[]): string {
  const meant = nearest(word, known);
  const list = known.length === 0 ? 'none' : known.slice(0, 40).join(', ');
  return `unknown ${what} ${JSON.stringify(word)}; ${meant === undefined ? '' : `did you mean ${meant}? `}known here: ${list}`;
}

/** The place of the deepest part of `path` that exists, under the full path's name. */
export function placeAt(root: Node, path: readonly Step[]): Place | undefined {
  for (let length = path.length; length >= 0; length -= 1) {
    const place = at(root, ...path.slice(0, length))?.place;
    if (place !== undefined) return { ...place, path: pathText(path.slice(length), place.path) };
  }
  return undefined;
}
