import { setTimeout as wait } from 'node:timers/promises';
import { gatherCast, type Cast } from '../../support/acceptance/fencing/cast.js';
import { Lane, type Tried } from '../../support/acceptance/fencing/lane.js';
import { Records } from '../../support/acceptance/fencing/records.js';
import { isEnough, measured } from '../../support/acceptance/fencing/report.js';
import { configurationOf } from '../../support/acceptance/fencing/subject.js';
import { withHale, type RunningHale } from '../../support/acceptance/hale.js';
import type { Measured } from '../../support/acceptance/step.js';

export const title = 'a worker that was frozen past its lease does nothing to what another one has taken over';
export const bound =
  'by the account of the targets refused 100 of 100 times: by targets that compare, after the look at the lease; by hale where the target does not, before it; 10 each without --full';

/** Trials show nothing where a worker had got further than it should, or not so far: so many rounds are made at most. */
const roundsMax = { short: 4, full: 40 };

export async function run(full: boolean): Promise<Measured> {
  const cast = await gatherCast();
  try {
    const configuration = configurationOf([...cast.moments.keys()], cast.web);
    return await withHale(configuration, (hale) => measure(hale, cast, full), { HALE_ACT: 'none' });
  } finally {
    await cast.close();
  }
}

async function measure(hale: RunningHale, { moments, leftOut }: Cast, full: boolean): Promise<Measured> {
  const { temporal, database } = await hale.status();
  const records = new Records(database.url);
  const home = { state: hale.state, temporal, database: database.url };
  const subjects = [...moments.keys()];
  const lanes = [...new Set(subjects.map(({ privilege }) => privilege))].map(
    (privilege) => new Lane(privilege, new Map([...moments].filter(([one]) => one.privilege === privilege)), home, records),
  );
  const wanted = full ? 100 : 10;
  const tried: Tried[] = [];
  try {
    const withGood = subjects.filter(({ needsGood }) => needsGood).length;
    while ((await records.goodKnown()) < withGood) await wait(250);
    for (let round = 0; round < (full ? roundsMax.full : roundsMax.short) && !isEnough(tried, wanted); round += 1)
      tried.push(...(await Promise.all(lanes.map((lane) => lane.round()))).flat());
    return measured(tried, wanted, leftOut);
  } finally {
    await Promise.all(lanes.map((lane) => lane.end()));
    await records.close();
  }
}
