/** How long all commands of one call may take together. */
export interface Patience {
  readonly timeoutMs: number;
  /** Ends them: the time is over, or the call was called off. */
  readonly signal: AbortSignal;
  readonly isOver: () => boolean;
}

export function patienceOf(timeoutMs: number, abort?: AbortSignal): Patience {
  const time = AbortSignal.timeout(timeoutMs);
  return {
    timeoutMs,
    signal: abort === undefined ? time : AbortSignal.any([time, abort]),
    // It holds the time as long as somebody waits: `any` does not hold what it is made of, and what is collected never fires.
    isOver: () => time.aborted,
  };
}

export const endedBy = ({ timeoutMs, isOver }: Patience, what: string): Error =>
  new Error(isOver() ? `${what} did not end within ${timeoutMs} ms` : `${what} was called off`);
