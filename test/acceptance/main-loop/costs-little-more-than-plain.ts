import { command } from '../../support/acceptance/command.js';
import type { Measured } from '../../support/acceptance/step.js';

interface Row {
  readonly what: string;
  readonly value: number;
  readonly bound: string;
  readonly ok: boolean;
}

export const title = 'a happy cycle costs little more than a plain workflow';
export const bound = 'events at most 1.2x, workflow tasks 1.0x, bytes at most 1.3x, at most 100 events, at least 7 activity types';

export async function run(full: boolean, seed: number): Promise<Measured> {
  const args = ['run', '--silent', 'bench', '--', 'cycle', '--json', '--runs', full ? '20' : '5', '--seed', String(seed)];
  const { code, output } = await command('npm', args, process.cwd());
  const lines = output.split('\n').filter((line) => line.startsWith('{'));
  const rows = lines.map((line) => JSON.parse(line) as Row).filter(({ what }) => what !== undefined);
  return {
    value: rows.map(({ what, value }) => `${what} ${value}`).join(', '),
    ok: code === 0,
    hitEnough: code !== 9 && rows.length > 0,
    evidence: rows
      .filter(({ ok }) => !ok)
      .map(({ what, value, bound: allowed }) => `${what}: ${value}, allowed ${allowed}`)
      .join('\n'),
  };
}
