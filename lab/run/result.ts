import type { FaultName } from '../faults/faults.js';
import type { First } from '../site/template.js';
import type { Share } from './judge.js';

/** One effect as the target itself recorded it. */
export interface TargetEffect {
  readonly actionId: string;
  readonly what: string;
  readonly times: number;
}

/** One line of `hale lab run --json`. Times in seconds; null where it never happened. */
export interface Result {
  readonly fault: FaultName;
  readonly seed: number;
  readonly first: First;
  readonly undo: 'possible' | 'impossible';
  readonly templateSha256: string;
  readonly outcome: string | null;
  /** The correction that stayed in place. */
  readonly correction: string | null;
  readonly wrong: readonly { readonly correction: string; readonly verdict: string | null; readonly undone: boolean }[];
  /** With a wrong correction first: the target was byte for byte as before again, before it was repaired. */
  readonly restored: boolean | null;
  /** What the target looks like at the end: repaired, or something that should not have stayed. */
  readonly leftRight: boolean;
  readonly effects: readonly TargetEffect[];
  readonly secondsToDetect: number | null;
  readonly secondsToAnswer: number | null;
  readonly secondsToOutcome: number | null;
  readonly holdSeconds: number;
  /** How long a broken release ran before it fell over; null for faults that do not come back. */
  readonly relapseSeconds: number | null;
  readonly before: Share;
  readonly broken: Share;
  readonly held: Share;
  readonly heldSeconds: number;
  readonly workerKilled: string | null;
  /** Whether the fault broke the shop by the probe's word; if not, the run says nothing. */
  readonly bit: boolean;
  readonly passed: boolean;
  readonly why: readonly string[];
}
