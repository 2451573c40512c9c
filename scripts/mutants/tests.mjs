// Runs test files in a copy of the tree.
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** A mutant may make a test hang; that is a failure of it. */
const msMax = 600_000;
const graceMs = 20_000;

/** `caught` with the title of a test that failed, `survived`, or `broken` when no test ran at all. No files: all there are. */
export async function runTests(copy, files) {
  const report = join(copy, '.hale', 'report.json');
  rmSync(report, { force: true });
  const code = await vitest(copy, [...files, '--reporter=json', `--outputFile=${report}`]);
  if (code === 'late') return { end: 'caught', by: 'a test that did not end' };
  const results = resultsIn(report);
  const tests = results.flatMap(({ assertionResults }) => assertionResults);
  const failed = tests.find(({ status }) => status === 'failed');
  if (failed !== undefined) return { end: 'caught', by: failed.fullName };
  if (code === 0 && tests.some(({ status }) => status === 'passed')) return { end: 'survived' };
  return { end: 'broken', by: results.find(({ message }) => message)?.message ?? `the test runner ended with ${code}` };
}

function vitest(copy, args) {
  const program = join(copy, 'node_modules', 'vitest', 'vitest.mjs');
  const child = spawn(process.execPath, [program, 'run', '--project', 'hale', '--bail=1', ...args], {
    cwd: copy,
    stdio: 'ignore',
  });
  return new Promise((resolve) => {
    let isLate = false;
    const limit = setTimeout(() => {
      isLate = true;
      child.kill('SIGTERM');
      setTimeout(() => child.kill('SIGKILL'), graceMs).unref();
    }, msMax);
    child.once('exit', (code) => {
      clearTimeout(limit);
      resolve(isLate ? 'late' : code);
    });
  });
}

function resultsIn(report) {
  try {
    return JSON.parse(readFileSync(report, 'utf8')).testResults;
  } catch {
    return [];
  }
}
