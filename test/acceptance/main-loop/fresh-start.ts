import { inFreshClone } from '../../support/acceptance/clone.js';
import { timeStart, type Start } from '../../support/acceptance/npm-start.js';
import type { Measured } from '../../support/acceptance/step.js';

const coldSecondsMax = 90;
const warmSecondsMax = 15;

export const title = 'npm start brings up a healthy service in a fresh clone';
export const bound = `first 200 and every service ok: cold at most ${coldSecondsMax} s without downloads, warm at most ${warmSecondsMax} s`;

export const run = (): Promise<Measured> =>
  inFreshClone(async (clone) => {
    const cold = await timeStart(clone);
    const warm = await timeStart(clone);
    const coldSeconds = cold.allOk - cold.downloads;
    return {
      value: `cold ${coldSeconds.toFixed(1)} s and ${cold.downloads.toFixed(1)} s of downloads, warm ${warm.allOk.toFixed(1)} s`,
      ok: coldSeconds <= coldSecondsMax && warm.allOk <= warmSecondsMax,
      hitEnough: true,
      evidence: `cold: ${sentence(cold)}; warm: ${sentence(warm)}`,
    };
  });

const sentence = ({ firstAnswer, allOk, downloads }: Start): string =>
  `first 200 after ${firstAnswer.toFixed(1)} s, all ok after ${allOk.toFixed(1)} s, downloads ${downloads.toFixed(1)} s`;
