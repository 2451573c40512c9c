import type { Measured } from '../../support/acceptance/step.js';
import { command, lastLines } from '../../support/acceptance/command.js';

export const title = 'every bad input is refused at its door, by a line that is there';
export const bound = 'rows 1 to 46 and 50, each with its reply; 0 missing, 0 failed';

/** Of the rows that are built: the page brings 47 and 48, learning 49. */
const rowsMin = 47;

export async function run(): Promise<Measured> {
  const { code, output } = await command('npm', ['run', '--silent', 'test:rows', '--', '--json'], process.cwd());
  const lines = output
    .split('\n')
    .flatMap((line) => (line.startsWith('{"row"') ? [JSON.parse(line) as { row: number; guard?: string }] : []));
  const told = lines.filter(({ guard }) => guard !== undefined);
  const rows = new Set(told.map(({ row }) => row)).size;
  return {
    value: `${rows} rows with ${told.length} inputs, exit code ${code}`,
    ok: code === 0 && rows >= rowsMin,
    hitEnough: told.length > rowsMin,
    evidence: lastLines(output),
  };
}
