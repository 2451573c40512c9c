/** One line of "what must hold". A file test/acceptance/NAME/<step>.ts exports exactly this. */
export interface Step {
  readonly title: string;
  /** The bound as a sentence, printed beside the value. */
  readonly bound: string;
  /**
   * @param full the numbers of the contract; else a short form of minutes
   * @param seed decides every random choice
   */
  run(full: boolean, seed: number): Promise<Measured>;
}

export interface Measured {
  readonly value: string;
  readonly ok: boolean;
  /** false when the load reached too little of what it was to reach: then `ok` says nothing. */
  readonly hitEnough: boolean;
  /** What a person can check: counts, commands, the last lines of what failed. */
  readonly evidence: string;
}

/** A step with its measurement, as printed with --json: one object a line. */
export interface Line extends Measured {
  readonly step: string;
  readonly title: string;
  readonly bound: string;
  readonly seconds: number;
  readonly seed: number;
  readonly full: boolean;
  readonly commit: string;
}

/** 0: every bound held. 1: one did not. 9: none was broken, but one was not put to the test. */
export function exitCodeOf(lines: readonly Measured[]): 0 | 1 | 9 {
  if (lines.some(({ ok, hitEnough }) => hitEnough && !ok)) return 1;
  return lines.length === 0 || lines.some(({ hitEnough }) => !hitEnough) ? 9 : 0;
}
