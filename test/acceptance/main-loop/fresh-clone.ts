import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inFreshClone } from '../../support/acceptance/clone.js';
import { command, lastLines } from '../../support/acceptance/command.js';
import type { Measured } from '../../support/acceptance/step.js';

export const title = 'npm test passes in a fresh clone';
export const bound = 'every test passes; the short form runs the specification only';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly success: boolean;
}

export const run = (full: boolean): Promise<Measured> => inFreshClone((clone) => testIn(clone, full));

async function testIn(clone: string, full: boolean): Promise<Measured> {
  const report = join(clone, '.hale', 'report.json');
  const filters = full ? [] : ['test/specification'];
  const { code, output } = await command('npm', ['test', '--', ...filters, '--reporter=json', `--outputFile=${report}`], clone);
  const { numPassedTests, numFailedTests, success } = JSON.parse(await readFile(report, 'utf8')) as Report;
  return {
    value: `${numPassedTests} passed, ${numFailedTests} failed`,
    ok: code === 0 && success,
    hitEnough: numPassedTests + numFailedTests > 0,
    evidence: lastLines(output, 40),
  };
}
