import { judged, labRun } from '../../support/acceptance/lab.js';
import type { Measured } from '../../support/acceptance/step.js';

export const title = 'an undo that is impossible ends stranded';
export const bound = 'all runs stranded, and what another person deployed is left alone';

export async function run(full: boolean, seed: number): Promise<Measured> {
  const runs = full ? 5 : 1;
  const lab = await labRun({ faults: 'bad-config', runs, seed, first: 'wrong', undo: 'impossible', watch: full ? 60 : 10 });
  const stranded = lab.runs.filter(({ outcome }) => outcome === 'stranded').length;
  return judged(lab.runs, runs, lab.said, ` as expected, ${stranded} stranded`, stranded === runs);
}
