import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command, lastLines } from '../../support/acceptance/command.js';
import type { Measured } from '../../support/acceptance/step.js';

export const title = 'npm test passes in a fresh clone';
export const bound = 'every test passes; the short form runs the specification only';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly success: boolean;
}

export async function run(full: boolean): Promise<Measured> {
  // Readable by other users: as root, PostgreSQL runs as one of them.
  const folder = await mkdtemp(join(tmpdir(), 'hale-clone-'));
  try {
    await command('chmod', ['755', folder], folder);
    const clone = join(folder, 'hale');
    const cloned = await command('git', ['clone', '--quiet', process.cwd(), clone], folder);
    if (cloned.code !== 0) throw new Error(`git clone: ${lastLines(cloned.output)}`);
    return await testIn(clone, join(folder, 'report.json'), full);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function testIn(clone: string, report: string, full: boolean): Promise<Measured> {
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
