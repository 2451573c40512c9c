/**
 * `npm run mutate [-- --only NAME]... [--whole] [--json]`: breaks one rule after the other in a copy of the tree, each by one
 * edit of test/mutants.json, and runs the tests that should notice. With --whole, what those let pass is shown to all tests.
 * Exits 1 when fewer than 95 of 100 are caught, or when the edit that changes nothing is.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { changed, copyTree } from './mutants/copy.mjs';
import { complaintsAbout, exitCodeOf, readMutants } from './mutants/list.mjs';
import { runTests } from './mutants/tests.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { only, whole, json } = parseArgs({
  options: { only: { type: 'string', multiple: true }, whole: { type: 'boolean' }, json: { type: 'boolean' } },
}).values;

/** A test file mostly waits. */
const atOnce = 2;

process.exitCode = await run();

async function run() {
  const mutants = readMutants(root);
  const wrong = [...complaintsAbout(mutants, (file) => readFileSync(join(root, file), 'utf8')), ...unknown(mutants)];
  for (const complaint of wrong) console.error(complaint);
  if (wrong.length > 0) return 1;
  const chosen = mutants.filter(({ name, survives }) => only === undefined || only.includes(name) || survives === true);
  const results = [];
  const next = async (copy, mutant) => {
    const result = await tried(copy, mutant, mutant.survives ? testsOf(chosen) : mutant.tests);
    results.push(result);
    say(result, results.length, chosen.length);
    return result;
  };
  const copies = Array.from({ length: atOnce }, (_, number) => copyTree(root, `${number + 1}`));
  // First the one that changes nothing: where the tests fail by themselves, they prove nothing of the others.
  const first = await next(
    copies[0],
    chosen.find(({ survives }) => survives),
  );
  const left = first.end === 'survived' ? chosen.filter(({ survives }) => !survives) : [];
  const work = async (copy) => {
    for (let mutant = left.shift(); mutant !== undefined; mutant = left.shift()) await next(copy, mutant);
  };
  await Promise.all(copies.map(work));
  return conclude(results);
}

function unknown(mutants) {
  return (only ?? []).filter((name) => !mutants.some((one) => one.name === name)).map((name) => `--only: there is no mutant ${name}`);
}

function testsOf(mutants) {
  return [...new Set(mutants.flatMap(({ tests }) => tests ?? []))];
}

async function tried(copy, mutant, tests) {
  const start = performance.now();
  const found = await changed(copy, mutant, async () => {
    const first = await runTests(copy, tests);
    return whole && !mutant.survives && first.end === 'survived' ? runTests(copy, []) : first;
  }).catch((error) => ({ end: 'broken', by: error.message }));
  const { name, file, breaks, survives } = mutant;
  return { name, file, breaks, survives, ...found, seconds: Math.round((performance.now() - start) / 1000) };
}

function say(result, number, of) {
  const { end, name, breaks, by = '', seconds } = result;
  if (json) console.log(JSON.stringify(result));
  else console.log(`${number}/${of} ${end.padEnd(8)} ${name} (${breaks})${by === '' ? '' : `: ${by.split('\n')[0]}`}, ${seconds} s`);
}

function conclude(results) {
  const real = results.filter(({ survives }) => survives !== true);
  const caught = real.filter(({ end }) => end === 'caught').length;
  const noOp = results.find(({ survives }) => survives === true);
  if (!json) console.log(`${caught} of ${real.length} caught; the one that changes nothing ${noOp?.end}`);
  return exitCodeOf(results);
}
