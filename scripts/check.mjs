/**
 * `npm run check`: all that can be said about the code without running it. Every step runs at the same time; each is
 * named with its seconds, and what failed is printed last, where it is seen.
 */
import { spawn } from 'node:child_process';

/** name, what it proves, and the program of node_modules/.bin with its arguments */
const steps = [
  ['format', 'every file is formatted', 'oxfmt', ['--check', '.']],
  ['lint', 'import table, import loops, lengths, types used well', 'oxlint', ['--type-aware', '--deny-warnings']],
  ['types', 'the compiler agrees', 'tsc', ['--noEmit', '-p', '.']],
  ['habits', 'tidy tree, true docs, lint rules that fire', 'vitest', ['run', '--project', 'habits', '--reporter', 'dot']],
];

// Printed, and judged by `npm run acceptance`: a busy machine makes no code wrong.
const secondsMax = 45;
const secondsSince = (start) => (performance.now() - start) / 1000;

function run([name, proves, program, args]) {
  const start = performance.now();
  const child = spawn('npx', ['--no-install', program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined },
  });
  const output = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(chunk));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      const result = { name, ok: code === 0, output: Buffer.concat(output).toString() };
      console.log(`${result.ok ? 'ok  ' : 'FAIL'}  ${name.padEnd(7)} ${secondsSince(start).toFixed(1).padStart(5)} s  ${proves}`);
      resolve(result);
    });
  });
}

const start = performance.now();
const failed = (await Promise.all(steps.map(run))).filter(({ ok }) => !ok);
for (const { name, output } of failed) console.log(`\n--- ${name}\n${output.trimEnd()}`);
const seconds = secondsSince(start);
console.log(`\n${steps.length - failed.length} of ${steps.length} steps passed in ${seconds.toFixed(1)} s (at most ${secondsMax} s)`);
process.exitCode = failed.length === 0 ? 0 : 1;
