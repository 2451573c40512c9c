import type { WireBench } from './bench.js';
import { faults, type Fault } from './faults.js';
import { withTrial } from './trial.js';

/** What came of all seeds of one bench under one fault. */
export interface Cell {
  readonly bench: string;
  readonly fault: string;
  readonly seeds: number;
  readonly held: number;
  readonly doubled: number;
  readonly lost: number;
  /** Calls of whose fate nobody can tell: a person is asked. */
  readonly unknown: number;
  readonly problems: readonly string[];
  /** Why nothing was tried. */
  readonly leftOut?: string;
}

const untried = (bench: WireBench, fault: string): Cell => ({
  bench: bench.name,
  fault,
  seeds: 0,
  held: 0,
  doubled: 0,
  lost: 0,
  unknown: 0,
  problems: [],
});

/** Seeds begin with this one, and come one after the other. */
export async function runCell(bench: WireBench, fault: Fault, seeds: number, first = 1): Promise<Cell> {
  const leftOut = fault.leftOut?.(bench);
  const nothing = untried(bench, fault.name);
  if (leftOut !== undefined) return { ...nothing, leftOut };
  let cell: Cell = { ...nothing, seeds };
  for (let seed = first; seed < first + seeds; seed += 1) {
    const trial = await withTrial(bench, seed, (one) => fault.run(one, seed));
    cell = {
      ...cell,
      held: cell.held + (trial.problems.length === 0 ? 1 : 0),
      doubled: cell.doubled + trial.doubled,
      lost: cell.lost + trial.lost,
      unknown: cell.unknown + trial.verdicts.filter((one) => one === 'unknown').length,
      problems: [...cell.problems, ...trial.problems.map((problem) => `${bench.name}, ${fault.name}, seed ${seed}: ${problem}`)],
    };
  }
  return cell;
}

/** They wait more than they work, and each has time limits that a busy machine must not reach. */
const atOnce = 6;

interface Range {
  readonly seeds: number;
  /** 1 unless told. */
  readonly first?: number;
  /** Hears of each cell as it is done: many seeds take a while. */
  readonly heard?: (cell: Cell) => void;
}

/** Many benches at once, each with one fault after the other. */
export async function runOnTheWire(benches: readonly WireBench[], range: Range): Promise<Cell[]> {
  const rows: Cell[][] = [];
  const left = [...benches.entries()];
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) rows[next[0]] = await runBench(next[1], range);
  };
  const ends = await Promise.allSettled(Array.from({ length: atOnce }, work));
  const [failed] = ends.filter((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return rows.flat();
}

async function runBench(bench: WireBench, { seeds, first, heard }: Range): Promise<Cell[]> {
  const skipped = await bench.skip?.();
  if (skipped !== undefined) return faults.map(({ name }) => ({ ...untried(bench, name), leftOut: `SKIP: ${skipped}` }));
  await bench.open?.();
  try {
    const cells: Cell[] = [];
    for (const fault of faults) {
      const cell = await runCell(bench, fault, seeds, first);
      heard?.(cell);
      cells.push(cell);
    }
    return cells;
  } finally {
    await bench.close?.();
  }
}

/** Providers down, faults across: how many seeds held. */
export function tableOf(cells: readonly Cell[]): string {
  const names = faults.map(({ name }) => name);
  const rows = [...new Set(cells.map(({ bench }) => bench))].map((bench) => [
    bench,
    ...names.map((name) => textOf(cells.find((cell) => cell.bench === bench && cell.fault === name))),
  ]);
  const all = [['', ...names], ...rows];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = all.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const sum = (key: 'doubled' | 'lost' | 'unknown' | 'seeds'): number => cells.reduce((total, cell) => total + cell[key], 0);
  const total = `${sum('seeds')} trials: doubled ${sum('doubled')}, lost ${sum('lost')}, unknown ${sum('unknown')} (asked of a person)`;
  return [...lines, '', total, ...leftOutOf(cells)].join('\n');
}

/** One line for each bench and reason. */
function leftOutOf(cells: readonly Cell[]): string[] {
  const faultsOf = new Map<string, string[]>();
  for (const { bench, fault, leftOut } of cells) {
    const key = `${bench}\n${leftOut}`;
    if (leftOut !== undefined) faultsOf.set(key, [...(faultsOf.get(key) ?? []), fault]);
  }
  return [...faultsOf].map(([key, left]) => {
    const [bench, why] = key.split('\n');
    return `- ${bench}, ${left.length === faults.length ? 'everything' : left.join(', ')}: ${why}`;
  });
}

/** For whoever waits, a line. */
export const lineOf = (cell: Cell): string => `${cell.bench}, ${cell.fault}: ${textOf(cell)}`;

const textOf = (cell: Cell | undefined): string => (cell === undefined || cell.leftOut !== undefined ? '-' : `${cell.held}/${cell.seeds}`);
