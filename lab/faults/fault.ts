import type { Site } from '../site/site.js';
import type { CorrectionName } from '../site/template.js';

/** One way to break the shop, with the answer key that only the judge sees. */
export interface Fault {
  /** Corrections that repair it; any other one that stays in place counts as wrong. */
  readonly repairedBy: readonly CorrectionName[];
  inject(site: Site): Promise<void>;
}
