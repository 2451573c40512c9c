import type { Call, Provider } from '../../../activities/ports.js';
import type { Action } from '../../../domain/service.js';
import type { WireBench, WireTarget } from './bench.js';
import { Line } from './line.js';
import type { Verdict } from './verdict.js';

/** One target, one line to it, one provider; and what was found wrong. */
export interface Trial {
  readonly bench: WireBench;
  readonly target: WireTarget;
  readonly line: Line;
  readonly provider: Provider;
  readonly random: () => number;
  call(more?: Partial<Call>): Promise<Call>;
  /** Holds the verdict against the target's own account. */
  expectEffects(verdict: Verdict, effects: number): Promise<void>;
  expect(what: string, isSo: boolean): void;
  readonly problems: string[];
  doubled: number;
  lost: number;
  readonly verdicts: string[];
}

/** Nobody listens there, and nobody asks where there is no wire. */
const nowhere = { host: '127.0.0.1', port: 1 };

export async function withTrial(bench: WireBench, seed: number, work: (trial: Trial) => Promise<void>): Promise<Trial> {
  const target = await bench.arrange();
  const line = await Line.to(target.address ?? nowhere);
  const module = (await import(bench.provider.file)) as Readonly<Record<string, () => Provider>>;
  const provider = module[bench.provider.name]?.();
  if (provider === undefined) throw new Error(`${bench.provider.file} exports no ${bench.provider.name}`);
  const trial = trialOf(bench, target, line, provider, randomOf(seed));
  try {
    await work(trial);
  } catch (error) {
    trial.problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    await line.close();
    await target.close();
  }
  return trial;
}

function trialOf(bench: WireBench, target: WireTarget, line: Line, provider: Provider, random: () => number): Trial {
  const trial: Trial = {
    bench,
    target,
    line,
    provider,
    random,
    problems: [],
    doubled: 0,
    lost: 0,
    verdicts: [],
    call: (more) => callOn(target, line, provider, more),
    expect: (what, isSo) => {
      if (!isSo) trial.problems.push(`not so: ${what}`);
    },
    expectEffects: async (verdict, effects) => {
      const count = await target.effects();
      trial.verdicts.push(verdict.kind);
      if (count > 1) trial.doubled += 1;
      if ((verdict.kind === 'applied' && count === 0) || (verdict.kind === 'notApplied' && count > 0)) trial.lost += 1;
      const why = verdict.kind === 'applied' ? '' : ` (${verdict.why})`;
      trial.expect(
        `the target was acted upon ${effects} times, as found by hale: ${verdict.kind}${why}; it says ${count}`,
        count === effects,
      );
    },
  };
  return trial;
}

/** So many times longer than a look a call may take at least: what is broken must reach its time limit, and a busy machine must not. */
const patience = 8;

/** A permitted call, on the target as it is now. */
async function callOn(target: WireTarget, line: Line, provider: Provider, more: Partial<Call> = {}): Promise<Call> {
  const aimed = target.aimedAt(line.port);
  const began = performance.now();
  const before = await provider.image({ ...aimed, timeoutMs: 60_000 });
  const tookMs = performance.now() - began;
  const seen = await provider.examine({ ...aimed, timeoutMs: 60_000 }, before, target.good);
  if (!seen.applicable) throw new Error(`the target is not due for correction: ${seen.reason}`);
  return {
    ...aimed,
    timeoutMs: Math.round(Math.max(aimed.timeoutMs, patience * tookMs)),
    actionId: 'cycle/1/fix',
    fence: '7',
    before,
    ...(seen.goal === undefined ? {} : { goal: seen.goal }),
    abort: new AbortController().signal,
    permit: async () => undefined,
    ...more,
  };
}

export const undoOf = (call: Call<Action>): Call<Action> => ({ ...call, actionId: `${call.actionId}/undo` });

/** The same numbers for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
