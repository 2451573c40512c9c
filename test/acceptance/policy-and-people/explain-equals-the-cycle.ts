import { command, lastLines } from '../../support/acceptance/command.js';
import type { Measured } from '../../support/acceptance/step.js';

export const title = '`hale gate explain` says what the real cycle then stores';
export const bound = 'the same rule and sentence in every one of at least 40 states';

const TESTS = 'test/scenarios/gate-explain.test.ts';

/** The states are made in PostgreSQL and in the configuration, and silenced in a real Alertmanager. */
export async function run(full: boolean): Promise<Measured> {
  const rounds = full ? 3 : 1;
  let [equal, compared, failed] = [0, 0, 0];
  let output = '';
  for (let round = 0; round < rounds; round += 1) {
    const ended = await command('npx', ['vitest', 'run', '--project', 'hale', TESTS], process.cwd());
    const [, same = '0', all = '0'] = /gate explain equals the cycle: (\d+) of (\d+)/.exec(ended.output) ?? [];
    equal += Number(same);
    compared += Number(all);
    if (ended.code !== 0) failed += 1;
    output = ended.output;
  }
  return {
    value: `${equal} of ${compared} equal in ${rounds} ${rounds === 1 ? 'round' : 'rounds'}`,
    ok: failed === 0 && equal === compared,
    hitEnough: compared >= 40 * rounds,
    evidence: failed === 0 ? `npx vitest run ${TESTS}` : lastLines(output, 40),
  };
}
