import { judged, labRun } from '../../support/acceptance/lab.js';
import type { Measured } from '../../support/acceptance/step.js';

const faults = ['bad-config', 'lock-queue'];

export const title = 'a wrong correction is undone to the byte before the right one heals';
export const bound = 'all runs restored and then healed';

export async function run(full: boolean, seed: number): Promise<Measured> {
  const runs = full ? 5 : 1;
  const lab = await labRun({ faults: faults.join(','), runs, seed, first: 'wrong', watch: full ? 60 : 20 });
  const restored = lab.runs.filter((one) => one.restored === true).length;
  return judged(lab.runs, runs * faults.length, lab.said, ` healed, ${restored} restored`, restored === runs * faults.length);
}
