import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { command, lastLines } from './command.js';
import type { Measured } from './step.js';

/** What the steps look at in a line of `hale lab run --json`. */
const run = z.object({
  fault: z.string(),
  seed: z.number(),
  templateSha256: z.string(),
  outcome: z.string().nullable(),
  correction: z.string().nullable(),
  wrong: z.array(z.object({ correction: z.string(), undone: z.boolean() })),
  restored: z.boolean().nullable(),
  leftRight: z.boolean(),
  secondsToAnswer: z.number().nullable(),
  holdSeconds: z.number(),
  relapseSeconds: z.number().nullable(),
  bit: z.boolean(),
  passed: z.boolean(),
  why: z.array(z.string()),
});

export type Run = z.infer<typeof run>;

/** Options of `hale lab run`, by their names there; true for one without a value. */
export type LabOptions = Readonly<Record<string, string | number | true>>;

/** Runs the lab through the command line, as an outsider does. What failed is kept under the state folder named in `said`. */
export async function labRun(options: LabOptions): Promise<{ readonly runs: readonly Run[]; readonly said: string }> {
  const state = await mkdtemp(join(tmpdir(), 'hale-lab-'));
  await command('chmod', ['755', state], state);
  const named: LabOptions = { ...options, state };
  const args = Object.entries(named).flatMap(([name, value]) => (value === true ? [`--${name}`] : [`--${name}`, `${value}`]));
  const out = await command('node', ['bin/hale.mjs', 'lab', 'run', ...args, '--json'], process.cwd());
  const lines = out.output.split('\n').filter((line) => line.startsWith('{'));
  const runs = lines.map((line) => run.parse(JSON.parse(line)));
  if (runs.length > 0 && runs.every(({ passed }) => passed)) await rm(state, { recursive: true, force: true });
  return { runs, said: lastLines(out.output, 20) };
}

/** All runs must pass, in the number that was asked for; `sentence` adds what else was measured. */
export function judged(runs: readonly Run[], wanted: number, said: string, sentence: string, alsoOk = true): Measured {
  const passed = runs.filter((one) => one.passed);
  const failed = runs.filter((one) => !one.passed).map((one) => `${one.fault} seed ${one.seed}: ${one.outcome}; ${one.why.join('; ')}`);
  return {
    value: `${passed.length}/${wanted}${sentence}`,
    ok: passed.length === wanted && alsoOk,
    hitEnough: runs.length === wanted && runs.every(({ bit }) => bit),
    evidence: [...failed, ...(runs.length === wanted ? [] : [said])].join('\n'),
  };
}

/** The middle value; NaN when there is none, which is within no bound. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
