import type { Image } from './effect.js';

/** Ends a `switch` over a closed union: the compiler refuses the build when a case is missing. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}

/** Thrown by a call's `permit`: nothing was done. */
export class NotPermitted extends Error {
  override readonly name = 'NotPermitted';
}

/** Thrown by a provider whose target refused, or changed since it was examined: nothing was done. */
export class TargetRefused extends Error {
  override readonly name = 'TargetRefused';
}

/**
 * Thrown by a provider whose target answered that it failed: the action came to its end and may have changed something.
 * It is not made again; `after` is the target as it stands, from which the undo starts.
 */
export class ActionFailed extends Error {
  override readonly name = 'ActionFailed';

  constructor(
    message: string,
    readonly after: Image,
  ) {
    super(message);
  }
}
