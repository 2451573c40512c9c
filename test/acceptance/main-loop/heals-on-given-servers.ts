import { readFile } from 'node:fs/promises';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { freePort } from '../../../workers/stack/ports.js';
import { judged, labRun } from '../../support/acceptance/lab.js';
import type { Measured } from '../../support/acceptance/step.js';
import { debianPostgres, startDebianPostgres } from '../../support/debian-postgres.js';

const faults = ['kill', 'bad-config', 'lock-queue'];

export const title = 'two workers on given servers heal while one of them is killed';
export const bound = 'all runs healed on a Temporal address and a PostgreSQL that hale did not start, one worker killed in each';

export async function run(full: boolean, seed: number): Promise<Measured> {
  const bin = debianPostgres();
  if (bin === undefined) throw new Error('no PostgreSQL under /usr/lib/postgresql: apt-get install postgresql');
  const { temporalCli } = JSON.parse(await readFile('.hale/tools.json', 'utf8')) as { temporalCli: string };
  const temporal = await TestWorkflowEnvironment.createLocal({ server: { executable: { type: 'existing-path', path: temporalCli } } });
  const postgres = startDebianPostgres(bin, await freePort());
  const runs = full ? 2 : 1;
  const wanted = runs * (full ? faults.length : 1);
  try {
    const lab = await labRun({
      faults: full ? faults.join(',') : 'bad-config',
      runs,
      seed,
      watch: full ? 60 : 10,
      temporal: temporal.address,
      database: postgres.url,
      workers: 2,
      'kill-worker': true,
    });
    return judged(lab.runs, wanted, lab.said, ' healed with a worker killed in each');
  } finally {
    postgres.stop();
    await temporal.teardown();
  }
}
