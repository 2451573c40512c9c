import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { runSteps } from '../support/acceptance/run.js';
import { exitCodeOf, type Measured } from '../support/acceptance/step.js';

const measured = (ok: boolean, hitEnough: boolean): Measured => ({ value: '1', ok, hitEnough, evidence: '' });

test.each([
  ['every bound held', [measured(true, true), measured(true, true)], 0],
  ['one bound was broken', [measured(true, true), measured(false, true)], 1],
  ['one step hit too little', [measured(true, true), measured(true, false)], 9],
  ['a broken bound outranks a step that hit too little', [measured(false, true), measured(false, false)], 1],
  ['nothing ran at all', [], 9],
] as const)('acceptance tells by its exit code that %s', (_, lines, code) => {
  expect(exitCodeOf(lines)).toBe(code);
});

/** A folder of steps, as a measurement has them; returns the URL of its index. */
async function steps(bodies: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hale-steps-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'package.json'), '{"type": "module"}');
  for (const [name, body] of Object.entries(bodies))
    await writeFile(join(folder, `${name}.js`), `export const title = '${name}';\nexport const bound = 'at most 1';\n${body}\n`);
  return pathToFileURL(join(folder, 'index.js')).href;
}

const counts = `export const run = async (full, seed) => ({ value: full + ' ' + seed, ok: true, hitEnough: true, evidence: '' });`;
const throws = `export const run = async () => { throw new Error('no server'); };`;

async function linesOf(index: string, argv: readonly string[]): Promise<{ code: number; lines: unknown[] }> {
  const out = fileURLToPath(new URL('out.ndjson', index));
  const code = await runSteps(index, [...argv, '--json', '--out', out]);
  const text = await readFile(out, 'utf8');
  return {
    code,
    lines: text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  };
}

test('every step prints its value beside its bound, with seed and commit', async () => {
  const { code, lines } = await linesOf(await steps({ b: counts, a: counts }), ['--seed', '7', '--full']);
  const line = { bound: 'at most 1', value: 'true 7', ok: true, hitEnough: true, seed: 7, full: true };
  expect(code).toBe(0);
  expect(lines).toMatchObject([
    { step: 'a', ...line },
    { step: 'b', ...line },
  ]);
  expect(lines[0]).toHaveProperty('commit');
});

test('a step that could not measure is short of its bound', async () => {
  const { code, lines } = await linesOf(await steps({ a: counts, b: throws }), []);
  expect(code).toBe(1);
  expect(lines[1]).toMatchObject({ step: 'b', ok: false, value: 'not measured', evidence: 'no server' });
});

test('only the steps that were named are run', async () => {
  const { lines } = await linesOf(await steps({ a: counts, b: throws }), ['a']);
  expect(lines).toMatchObject([{ step: 'a' }]);
});

test('a step or seed that does not exist is refused with what is allowed', async () => {
  const index = await steps({ a: counts });
  await expect(runSteps(index, ['z'])).rejects.toThrow('step: got z, allowed: a');
  await expect(runSteps(index, ['--seed', 'x'])).rejects.toThrow('--seed: got x, allowed: a whole number');
});

test('a measurement that does not exist is refused with the names of those that do', async () => {
  const script = fileURLToPath(new URL('../../scripts/measure.mjs', import.meta.url));
  const refused = await new Promise((resolve) => {
    execFile(process.execPath, [script, 'acceptance', 'nothing-such'], (error, _, stderr) => resolve({ code: error?.code, stderr }));
  });
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/got nothing-such, allowed: .*main-loop/) as string });
});
