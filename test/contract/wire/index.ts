// `npm run test:contract -- --seeds 50 [BENCH...]`: every provider under every fault, with so many seeds; prints the table.
import { parseArgs } from 'node:util';
import { wireBenches } from './benches/index.js';
import { lineOf, runOnTheWire, tableOf } from './run.js';

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  allowPositionals: true,
  options: { seeds: { type: 'string', default: '5' }, first: { type: 'string', default: '1' } },
});
const wanted = wireBenches.filter(({ name }) => positionals.length === 0 || positionals.some((part) => name.includes(part)));
const cells = await runOnTheWire(wanted, {
  seeds: Number(values.seeds),
  first: Number(values.first),
  heard: (cell) => console.error(lineOf(cell)),
});
console.log(tableOf(cells));
for (const problem of cells.flatMap(({ problems }) => problems)) console.error(problem);
process.exitCode = cells.length > 0 && cells.every(({ problems }) => problems.length === 0) ? 0 : 1;
