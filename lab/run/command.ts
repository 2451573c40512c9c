import { appendFile, rm } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type FaultName, faults, parseFaults } from '../faults/faults.js';
import { UsageError, wholeNumber } from '../usage.js';
import type { Result } from './result.js';
import { runOnce, type RunOptions } from './run.js';

const options = {
  faults: { type: 'string' },
  runs: { type: 'string', default: '1' },
  seed: { type: 'string', default: '1' },
  first: { type: 'string', default: 'right' },
  undo: { type: 'string', default: 'possible' },
  state: { type: 'string', default: '.hale' },
  watch: { type: 'string', default: '60' },
  json: { type: 'boolean', default: false },
  out: { type: 'string' },
  temporal: { type: 'string' },
  database: { type: 'string' },
  workers: { type: 'string' },
  'kill-worker': { type: 'boolean', default: false },
} as const;

const tooLittle = 9;
const short = 1;

/** `hale lab run`: exit 0 all passed, 1 some did not, 9 a fault did not break the shop, so that its run says nothing. */
export async function runCommand(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options });
  const names = values.faults === undefined ? (Object.keys(faults) as FaultName[]) : parseFaults(values.faults);
  const results: Result[] = [];
  for (let run = 0; run < wholeNumber('runs', values.runs, 1); run += 1) {
    for (const [at, fault] of names.entries()) {
      const seed = wholeNumber('seed', values.seed) + run * names.length + at;
      const result = await runOnce(runOptions(values, fault, seed));
      results.push(result);
      if (result.passed) await rm(stateOf(values, seed), { recursive: true, force: true }); // What failed is kept, to be looked into.
      await report(result, values);
    }
  }
  process.stderr.write(summary(results));
  if (results.some(({ bit }) => !bit)) return tooLittle;
  return results.every(({ passed }) => passed) && killMedian(results) <= killBoundSeconds ? 0 : short;
}

type Values = ReturnType<typeof parseArgs<{ options: typeof options }>>['values'];

const stateOf = ({ state }: Values, seed: number): string => `${state}/lab-run-${seed}`;

function runOptions(values: Values, fault: FaultName, seed: number): RunOptions {
  const { temporal, database, workers } = values;
  return {
    fault,
    seed,
    first: either(values.first, 'first', ['right', 'wrong']),
    undo: either(values.undo, 'undo', ['possible', 'impossible']),
    state: stateOf(values, seed),
    watchSeconds: wholeNumber('watch', values.watch),
    killWorker: values['kill-worker'],
    hale: {
      ...(temporal === undefined ? {} : { temporal }),
      ...(database === undefined ? {} : { database }),
      ...(workers === undefined ? {} : { workers: wholeNumber('workers', workers) }),
    },
    tell: (line) => void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`),
  };
}

function either<T extends string>(text: string, name: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === text);
  if (found === undefined) throw new UsageError(`--${name} is ${text}; allowed: ${allowed.join(', ')}`);
  return found;
}

async function report(result: Result, { json, out }: Values): Promise<void> {
  const line = `${JSON.stringify(result)}\n`;
  if (out !== undefined) await appendFile(out, line);
  process.stdout.write(json ? line : sentence(result));
}

function sentence(result: Result): string {
  const { fault, seed, outcome, correction, secondsToDetect, secondsToAnswer, held } = result;
  const facts = `detected ${secondsToDetect} s, answered ${secondsToAnswer} s, ${held.good}/${held.of} probes good afterwards`;
  const end = result.passed ? 'passed' : result.bit ? `short: ${result.why.join('; ')}` : 'invalid: the fault did not bite';
  return `${fault} seed ${seed}: ${outcome} by ${correction}; ${facts}; ${end}\n`;
}

const killBoundSeconds = 2;

/** Median time from SIGKILL to the answer, s; 0 when there was no such run to hold against the bound. */
function killMedian(results: readonly Result[]): number {
  const times = results
    .filter(({ fault, undo }) => fault === 'kill' && undo === 'possible')
    .map((each) => each.secondsToAnswer ?? Infinity);
  return times.length === 0 ? 0 : (times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0);
}

function summary(results: readonly Result[]): string {
  const passed = results.filter((result) => result.passed).length;
  const templates = new Set(results.map(({ templateSha256 }) => templateSha256)).size;
  const kills = results.some(({ fault }) => fault === 'kill');
  const median = kills ? `; kill to answer median ${killMedian(results)} s (at most ${killBoundSeconds} s)` : '';
  return `${passed} of ${results.length} ${results.length === 1 ? 'run' : 'runs'} passed, ${templates} ${templates === 1 ? 'template' : 'templates'}${median}\n`;
}
