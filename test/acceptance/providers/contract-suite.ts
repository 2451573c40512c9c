import { wireBenches } from '../../contract/wire/benches/index.js';
import { lineOf, runOnTheWire, tableOf } from '../../contract/wire/run.js';
import type { Measured } from '../../support/acceptance/step.js';

export const title = 'no action is done twice or lost, whatever the line does and whoever dies';
export const bound = 'doubled 0, lost 0 by the account of the targets, every provider under every fault; 50 seeds with --full, else 5';

export async function run(full: boolean, seed: number): Promise<Measured> {
  const seeds = full ? 50 : 5;
  const cells = await runOnTheWire(wireBenches, { seeds, first: seed, heard: (cell) => console.error(lineOf(cell)) });
  const sum = (key: 'seeds' | 'held' | 'doubled' | 'lost'): number => cells.reduce((total, cell) => total + cell[key], 0);
  return {
    value: `${sum('held')} of ${sum('seeds')} trials held; doubled ${sum('doubled')}, lost ${sum('lost')}`,
    ok: sum('doubled') === 0 && sum('lost') === 0 && sum('held') === sum('seeds'),
    hitEnough: cells.every((cell) => cell.leftOut !== undefined || cell.seeds === seeds),
    evidence: [tableOf(cells), ...cells.flatMap(({ problems }) => problems)].join('\n'),
  };
}
