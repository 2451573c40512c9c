export interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** The rule that does not hold any more. */
  readonly breaks: string;
  /** Files of which one should fail; the one that changes nothing runs those of all others. */
  readonly tests?: readonly string[];
  /** The tests need `dist/`, which is built from the changed sources. */
  readonly build?: true;
  /** It changes nothing, and must not be caught. */
  readonly survives?: true;
}

export interface Result {
  readonly survives?: boolean | undefined;
  /** `broken`: no test ran, so that nothing was proved. */
  readonly end: 'caught' | 'survived' | 'broken';
}

export function readMutants(root: string): readonly Mutant[];
export function mutated(text: string, mutant: Mutant): string;
export function complaintsAbout(mutants: readonly Mutant[], textOf: (file: string) => string): string[];
export function exitCodeOf(results: readonly Result[]): 0 | 1;
