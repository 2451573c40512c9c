import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const script = fileURLToPath(new URL('../../scripts/test-summary.mjs', import.meta.url));

type Status = 'passed' | 'failed' | 'skipped' | 'todo';

const file = (name: string, statuses: readonly Status[], status = 'passed') => ({
  name,
  status,
  message: status === 'failed' ? 'SyntaxError' : '',
  assertionResults: statuses.map((one, index) => ({ status: one, fullName: `rule ${index}` })),
});

async function summaryOf(report: unknown): Promise<{ code: number; lines: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'hale-summary-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'report.json');
  await writeFile(path, typeof report === 'string' ? report : JSON.stringify(report));
  return new Promise((resolve) => {
    execFile(process.execPath, [script, path], { cwd: folder }, (error, stdout) =>
      resolve({ code: error ? Number(error.code) : 0, lines: stdout.trimEnd().split('\n') }),
    );
  });
}

test('the summary counts what the report says and exits with success', async () => {
  expect(await summaryOf({ testResults: [file('a', ['passed', 'passed'])] })).toEqual({ code: 0, lines: ['2 passed, 0 failed'] });
});

test('one failed test fails the summary', async () => {
  expect(await summaryOf({ testResults: [file('a', ['passed', 'failed'])] })).toEqual({ code: 1, lines: ['1 passed, 1 failed'] });
});

test('skipped tests are named above the last line', async () => {
  const { code, lines } = await summaryOf({ testResults: [file('a.test.ts', ['passed', 'skipped', 'todo'])] });
  expect(code).toBe(0);
  expect(lines.at(-1)).toBe('1 passed, 0 failed, 2 skipped');
  expect(lines[0]).toMatch(/^skipped: .*a\.test\.ts: rule 1$/);
});

test('a test file that could not be loaded counts as a failure', async () => {
  const { code, lines } = await summaryOf({ testResults: [file('a', ['passed']), file('b', [], 'failed')] });
  expect(code).toBe(1);
  expect(lines.at(-1)).toBe('1 passed, 1 failed');
});

test.each([{ testResults: [] }, '', '{"testResults": ['])('a run without tests is a failure: %j', async (report) => {
  const { code, lines } = await summaryOf(report);
  expect(code).toBe(1);
  expect(lines.at(-1)).toBe('0 passed, 0 failed');
});
