/** How long all commands of one call may take together. */
export interface Patience {
  readonly timeoutMs: number;
  /** Ends them: the time is over, or the call was called off. */
  readonly signal: AbortSignal;
  readonly calledOff: () => boolean;
}

export function patienceOf(timeoutMs: number, abort?: AbortSignal): Patience {
  const time = AbortSignal.timeout(timeoutMs);
  return {
    timeoutMs,
    signal: abort === undefined ? time : AbortSignal.any([time, abort]),
    calledOff: () => abort?.aborted === true,
  };
}

export const endedBy = ({ timeoutMs, calledOff }: Patience, what: string): Error =>
  new Error(calledOff() ? `${what} was called off` : `${what} did not end within ${timeoutMs} ms`);
