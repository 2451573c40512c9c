import { execFileSync } from 'node:child_process';
import { appendFile, readdir, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { exitCodeOf, type Line, type Measured, type Step } from './step.js';

interface Options {
  readonly full: boolean;
  readonly seed: number;
  readonly json: boolean;
  readonly out: string | undefined;
  /** Names of steps; empty means all. */
  readonly only: readonly string[];
}

/** Runs the steps beside `index` (its `import.meta.url`), one after the other, and returns the exit code. */
export async function runSteps(index: string, argv: readonly string[]): Promise<0 | 1 | 9> {
  const options = optionsOf(argv);
  if (options.out) await writeFile(options.out, '');
  const lines: Line[] = [];
  for (const name of await stepNames(index, options.only)) {
    const line = await measure(name, (await import(new URL(`./${name}.js`, index).href)) as Step, options);
    lines.push(line);
    await print(line, options);
  }
  return exitCodeOf(lines);
}

function optionsOf(argv: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      full: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      seed: { type: 'string', default: '1' },
      out: { type: 'string' },
    },
  });
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(seed)) throw new Error(`--seed: got ${values.seed}, allowed: a whole number; for example --seed 7`);
  return { full: values.full, json: values.json, seed, out: values.out, only: positionals };
}

async function stepNames(index: string, only: readonly string[]): Promise<string[]> {
  const files = await readdir(new URL('.', index));
  const names = files.filter((file) => file.endsWith('.js') && file !== 'index.js').map((file) => file.slice(0, -'.js'.length));
  const unknown = only.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`step: got ${unknown}, allowed: ${names.join(', ')}`);
  return names.filter((name) => only.length === 0 || only.includes(name)).sort();
}

async function measure(name: string, step: Step, { full, seed }: Options): Promise<Line> {
  const start = performance.now();
  const measured = await step.run(full, seed).catch(broken);
  const seconds = Math.round(performance.now() - start) / 1000;
  return { step: name, title: step.title, bound: step.bound, ...measured, seconds, seed, full, commit: commit() };
}

/** A step that could not measure is short of its bound, not invalid: something it needs does not work. */
const broken = (error: unknown): Measured => ({
  value: 'not measured',
  ok: false,
  hitEnough: true,
  evidence: error instanceof Error ? error.message : String(error),
});

const commit = (): string => execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();

async function print(line: Line, { json, out }: Options): Promise<void> {
  if (out) await appendFile(out, `${JSON.stringify(line)}\n`);
  if (json) console.log(JSON.stringify(line));
  else printForPeople(line);
}

function printForPeople(line: Line): void {
  const word = line.hitEnough ? (line.ok ? 'ok     ' : 'SHORT  ') : 'INVALID';
  console.log(`${word} ${line.title}: ${line.value} (bound: ${line.bound}), ${line.seconds.toFixed(1)} s`);
  if (!line.ok || !line.hitEnough) console.log(`        ${line.evidence.replaceAll('\n', '\n        ')}`);
}
