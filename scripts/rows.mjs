/**
 * `npm run test:rows [-- --json]`: hands over every bad input of test/rows and prints for each its row, the door it came in
 * by, its hash, the reply and the line that gave it. Exits 1 when a reply is another one, or a row is missing.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exitCodeOf, foundIn, later, numbers } from './rows/found.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const report = join(root, '.hale', 'rows.json');
const json = process.argv.includes('--json');

mkdirSync(join(root, '.hale'), { recursive: true });
rmSync(report, { force: true });
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const { stderr } = spawnSync(
  process.execPath,
  [vitest, 'run', 'test/rows/', '--project', 'hale', '--reporter=json', `--outputFile=${report}`],
  { cwd: root, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8', maxBuffer: 1e9 },
);
const found = foundIn(read(report));
const { rows, missing, failed } = found;

for (const number of numbers) {
  for (const { row, title, told } of rows.filter((one) => one.row === number))
    for (const one of told) say({ row, title, ...one }, `row ${row}: ${one.door} ${one.input}: ${one.reply} [${one.guard}]`);
  if (later[number] !== undefined) say({ row: number, later: later[number] }, `row ${number}: ${later[number]}`);
  if (missing.includes(number)) say({ row: number, missing: true }, `row ${number}: MISSING`);
}
for (const { fullName, failureMessages: [why] = [] } of failed) say({ failed: fullName, why }, `FAILED ${fullName}: ${why}`);
const inputs = rows.reduce((sum, { told }) => sum + told.length, 0);
console.error(`${new Set(rows.map(({ row }) => row)).size} rows, ${inputs} inputs, ${missing.length} missing, ${failed.length} failed`);
process.exitCode = exitCodeOf(found);

function read(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    console.error(`the test runner left no report: ${error.message}\n${stderr}`);
    return { testResults: [] };
  }
}

function say(data, text) {
  console.log(json ? JSON.stringify(data) : text.replaceAll('\n', ' '));
}
