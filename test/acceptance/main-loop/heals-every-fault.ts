import { judged, labRun, median, type Run } from '../../support/acceptance/lab.js';
import type { Measured } from '../../support/acceptance/step.js';

const faults = ['kill', 'hang', 'bad-config', 'bad-release', 'memory-leak', 'lock-queue'];
const killSecondsMax = 2;

export const title = 'every fault is healed by the right correction';
export const bound = `all runs by the probe's word, one template, nothing wrong left in place, kill answered in a median of ${killSecondsMax} s`;

export async function run(full: boolean, seed: number): Promise<Measured> {
  const runs = full ? 5 : 1;
  const lab = await labRun({ faults: faults.join(','), runs, seed, watch: full ? 60 : 20 });
  const templates = new Set(lab.runs.map(({ templateSha256 }) => templateSha256)).size;
  const leftWrong = lab.runs.filter(({ leftRight }) => !leftRight).length;
  const answer = median(killSeconds(lab.runs));
  return judged(
    lab.runs,
    runs * faults.length,
    lab.said,
    ` healed, ${templates} template, ${leftWrong} left wrong, kill answered in ${answer.toFixed(2)} s`,
    templates === 1 && leftWrong === 0 && answer <= killSecondsMax,
  );
}

const killSeconds = (runs: readonly Run[]): number[] =>
  runs.filter(({ fault }) => fault === 'kill').map(({ secondsToAnswer }) => secondsToAnswer ?? Number.POSITIVE_INFINITY);
