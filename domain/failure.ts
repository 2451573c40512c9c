/** Ends a `switch` over a closed union: the compiler refuses the build when a case is missing. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
