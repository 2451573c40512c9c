/**
 * `npm run test:rows [-- --json]`: hands over every bad input of test/rows and prints for each its row, the door it came in
 * by, its hash, the reply and the line that gave it. Exits 1 when a reply is another one, or a row is missing.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What they are about is not built yet. */
const later = { 47: 'comes with the page', 48: 'comes with the page', 49: 'comes with learning' };
const rowsMax = 50;

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
const tests = testsIn(report);
const rows = tests.flatMap(({ status, meta: { row } }) => (row === undefined || status !== 'passed' ? [] : [row]));
const failed = tests.filter(({ status }) => status !== 'passed');
const missing = numbers().filter((number) => later[number] === undefined && !rows.some(({ row }) => row === number));

for (const number of numbers()) {
  const told = rows.filter(({ row }) => row === number).flatMap(({ row, title, told }) => told.map((one) => ({ row, title, ...one })));
  for (const one of told) say(one, `row ${number}: ${one.door} ${one.input}: ${one.reply} [${one.guard}]`);
  if (later[number] !== undefined) say({ row: number, later: later[number] }, `row ${number}: ${later[number]}`);
  if (missing.includes(number)) say({ row: number, missing: true }, `row ${number}: MISSING`);
}
for (const { fullName, failureMessages } of failed)
  say({ failed: fullName, why: failureMessages[0] }, `FAILED ${fullName}: ${failureMessages[0]}`);
const inputs = rows.reduce((sum, { told }) => sum + told.length, 0);
console.error(`${new Set(rows.map(({ row }) => row)).size} rows, ${inputs} inputs, ${missing.length} missing, ${failed.length} failed`);
process.exitCode = missing.length + failed.length === 0 && inputs > 0 ? 0 : 1;

function numbers() {
  return Array.from({ length: rowsMax }, (_, index) => index + 1);
}

function testsIn(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).testResults.flatMap(resultsOf);
  } catch (error) {
    console.error(`the test runner left no report: ${error.message}\n${stderr}`);
    return [];
  }
}

/** A file that could not be loaded is a failure: its rows are not in the report. */
function resultsOf({ status, name, message, assertionResults }) {
  if (status === 'failed' && assertionResults.length === 0) return [{ status, fullName: name, failureMessages: [message], meta: {} }];
  return assertionResults;
}

function say(data, text) {
  console.log(json ? JSON.stringify(data) : text.replaceAll('\n', ' '));
}
