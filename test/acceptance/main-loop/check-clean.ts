import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { command, lastLines } from '../../support/acceptance/command.js';
import type { Measured } from '../../support/acceptance/step.js';

const secondsMax = 45;

export const title = 'npm run check is clean';
export const bound = `no import loop, no function over 70 lines outside test/, no file over 500, at most ${secondsMax} s`;

export async function run(): Promise<Measured> {
  const { code, output, seconds } = await command('npm', ['run', '--silent', 'check'], process.cwd());
  const longest = await longestFile();
  return {
    value: `${output.match(/\d+ of \d+ steps passed/)?.[0] ?? 'no summary'}, longest file ${longest.lines} lines, ${seconds.toFixed(1)} s`,
    ok: code === 0 && seconds <= secondsMax && longest.lines <= 500,
    hitEnough: true,
    evidence: code === 0 ? `longest file: ${longest.path}` : lastLines(output, 40),
  };
}

async function longestFile(): Promise<{ path: string; lines: number }> {
  const paths = execFileSync('git', ['ls-files', '*.ts', '*.mjs', '*.sql'], { encoding: 'utf8' }).trim().split('\n');
  const files = await Promise.all(paths.map(async (path) => ({ path, lines: (await readFile(path, 'utf8')).split('\n').length - 1 })));
  return files.reduce((longest, file) => (file.lines > longest.lines ? file : longest));
}
