/**
 * `node scripts/test-summary.mjs REPORT`: reads vitest's JSON report, names every skipped test, and ends with the line
 * `N passed, N failed` (`, N skipped`). Exits 1 when anything failed or nothing passed. A file that could not be
 * loaded counts as one failure: its tests are not in the report.
 */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    console.log(`the test runner left no report: ${error.message}`);
    return { testResults: [] };
  }
}

const skippedStates = new Set(['skipped', 'pending', 'todo', 'disabled']);
const { testResults } = readReport(process.argv[2]);
const tests = testResults.flatMap(({ name, assertionResults }) =>
  assertionResults.map(({ status, fullName }) => ({ status, title: `${relative(process.cwd(), name)}: ${fullName}` })),
);
const unloaded = testResults.filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0);
const skipped = tests.filter(({ status }) => skippedStates.has(status));
const passed = tests.filter(({ status }) => status === 'passed').length;
const failed = tests.length - passed - skipped.length + unloaded.length;

for (const { name, message } of unloaded) console.log(`could not be loaded: ${relative(process.cwd(), name)}: ${message}`);
for (const { title } of skipped) console.log(`skipped: ${title}`);
console.log(`${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
