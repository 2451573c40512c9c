import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { execMeter } from '../../adapters/exec/meter.js';

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'hale-exec-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** Runs a shell script as the program that the signal names. */
async function read(script: string, changed: { plugin?: boolean; timeoutMs?: number; argv?: string[] } = {}) {
  const path = join(await folder(), 'check');
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  const base = { name: 'queue', everyMs: 5_000, timeoutMs: 2_000, perInstance: false, staleAfterMs: 5_000, plugin: false };
  const signal = { kind: 'exec' as const, ...base, argv: [path], ...changed };
  const [reading] = await execMeter().read([{ service: 'shop', signal }], new AbortController().signal);
  return reading;
}

test('a program that prints one number gives that number', async () => {
  expect(await read('echo " 42.5 "; echo "a warning" >&2')).toMatchObject({ kind: 'value', value: 42.5 });
});

test.each(['', 'ok', '1,5', '0x10', '1e309', '1 2', '12 jobs'])('row 28: a program that prints %j gives no number', async (text) => {
  expect(await read(`printf '%s' '${text}'`)).toMatchObject({ kind: 'noData', reason: 'malformed' });
});

test('row 44: a number printed by a program that failed does not count', async () => {
  expect(await read('echo 1; exit 7')).toMatchObject({ kind: 'noData', reason: 'absent', detail: expect.stringContaining('7') });
});

test.each([
  [0, { kind: 'value', value: 0 }],
  [1, { kind: 'value', value: 1 }],
  [2, { kind: 'value', value: 2 }],
  [3, { kind: 'noData', reason: 'absent' }],
  [127, { kind: 'noData', reason: 'absent' }],
])('a Nagios plugin speaks by its exit code %i', async (code, expected) => {
  expect(await read(`echo "DISK CRITICAL - 2% free | free=2%;10;5"; exit ${code}`, { plugin: true })).toMatchObject(expected);
});

test('row 44: a program that never ends is killed with all that it started', async () => {
  const mark = join(await folder(), 'child');
  const reading = await read(`sleep 60 & echo $! > ${mark}; wait`, { timeoutMs: 200 });
  expect(reading).toMatchObject({ kind: 'noData', reason: 'timeout' });
  const child = Number(await readFile(mark, 'utf8'));
  await expect.poll(() => isAlive(child), { timeout: 3_000 }).toBe(false);
});

test('row 44: output without end is cut and fails no other', async () => {
  expect(await read('yes | head -c 3000000')).toMatchObject({ kind: 'noData', reason: 'malformed' });
});

test('a program gets neither the environment nor an input', async () => {
  process.env.HALE_TEST_SECRET = 'x';
  onTestFinished(() => void delete process.env.HALE_TEST_SECRET);
  expect(await read('cat; env | grep -c SECRET || true')).toMatchObject({ kind: 'value', value: 0 });
});

test('a program that is not there is no data and names the way out', async () => {
  expect(await read('', { argv: ['/no/such/program'] })).toMatchObject({ kind: 'noData', reason: 'sourceUnavailable' });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
