import { setTimeout as wait } from 'node:timers/promises';
import type { Break } from './line.js';
import { type Trial, undoOf } from './trial.js';
import { takeUp, tryOnce } from './verdict.js';
import { Worker } from './worker.js';

/** One way in which things go wrong, and what must come of it. Why it says nothing about a bench, where it does not. */
export interface Fault {
  readonly name: string;
  readonly leftOut?: (without: NonNullable<Trial['bench']['without']>) => string | undefined;
  run(trial: Trial, seed: number): Promise<void>;
}

export const faults: readonly Fault[] = [
  { name: 'refuse', run: refuse },
  { name: 'hang', run: hang },
  { name: 'slow', run: slow },
  { name: 'answer lost', run: answerLost },
  { name: 'target gone', run: targetGone },
  { name: 'undo fails', run: undoFails },
  { name: 'changed meanwhile', leftOut: ({ compare, undo }) => undo && compare, run: changedMeanwhile },
];

/** Nobody gets through: nothing was done, and it is done once the line is good again. */
async function refuse(trial: Trial): Promise<void> {
  const { line, provider } = trial;
  const call = await trial.call();
  line.refuse();
  await trial.expectEffects(await tryOnce(provider, call), 0);
  line.heal();
  await trial.expectEffects(await tryOnce(provider, call), 1);
}

/** No answer within the time, before the target heard of it or after: what is called done is done, and the other way round. */
async function hang(trial: Trial, seed: number): Promise<void> {
  const { line, provider, target, bench } = trial;
  const how: Break = seed % 2 === 0 ? 'before' : 'after';
  const permit = async () => void line.breakAt(target.isAct ?? anything, how);
  const verdict = await tryOnce(provider, await trial.call({ permit }));
  trial.expect(`${verdict.kind} is no answer to a call of whose fate nobody can tell`, mayBe(verdict.kind, how, bench.without?.readBack));
  await trial.expectEffects(verdict, how === 'before' ? 0 : 1);
}

const mayBe = (verdict: string, how: Break, noReadBack: string | undefined): boolean =>
  verdict === (noReadBack !== undefined ? 'unknown' : how === 'before' ? 'notApplied' : 'applied');

/** Every piece comes late, and all of them in time. */
async function slow(trial: Trial): Promise<void> {
  const call = await trial.call();
  trial.line.slow(5 + Math.round(trial.random() * 10));
  await trial.expectEffects(await tryOnce(trial.provider, call), 1);
}

/**
 * The target did it by its own ledger, and then the line is reset before its answer has passed; or, with every other seed, the
 * worker is killed at that moment and another one takes up its call.
 */
async function answerLost(trial: Trial, seed: number): Promise<void> {
  const { line, provider, target, bench } = trial;
  const isKilled = seed % 2 === 0;
  const arm = () => void line.breakAt(target.isAct ?? anything, 'after');
  const call = await trial.call({ permit: async () => arm() });
  const verdict = await (isKilled ? killedAndTakenUp() : resetAndReadBack());
  const right = bench.without?.readBack === undefined ? 'applied' : 'unknown';
  trial.expect(
    `the verdict is ${right}, not ${verdict.kind}${verdict.kind === 'applied' ? '' : `: ${verdict.why}`}`,
    verdict.kind === right,
  );
  await trial.expectEffects(verdict, 1);

  async function resetAndReadBack() {
    const trying = tryOnce(provider, call);
    await actedUpon(trial);
    line.cut();
    return trying;
  }

  async function killedAndTakenUp() {
    const worker = await Worker.start();
    try {
      await worker.apply(bench.provider, call, arm);
      await actedUpon(trial);
    } finally {
      await worker.kill();
    }
    trial.expect(`the worker was killed before it had an answer; it said ${worker.said.join(', ')}`, !worker.said.includes('done'));
    line.cut();
    line.heal();
    return takeUp(provider, { ...call, permit: async () => undefined });
  }
}

/** Ends when the target itself says that it was done. */
async function actedUpon({ target }: Trial): Promise<void> {
  const until = Date.now() + 10_000;
  while ((await target.effects()) === 0) {
    if (Date.now() > until) throw new Error('the target never did what it was asked to');
    await wait(5);
  }
}

/** It was there when it was looked at. */
async function targetGone(trial: Trial): Promise<void> {
  const { target, provider } = trial;
  const call = await trial.call();
  await target.remove();
  const verdict = await tryOnce(provider, call);
  trial.expect(`the verdict is not applied: ${verdict.kind}`, verdict.kind !== 'applied');
  await trial.expectEffects(verdict, 0);
}

/** An undo that did not come through leaves all as it was; one whose answer was lost has been made once; both may be asked for again. */
async function undoFails(trial: Trial, seed: number): Promise<void> {
  const { line, target, provider, bench } = trial;
  const original = await target.state();
  const call = await trial.call();
  const after = await provider.apply(call);
  const undoing = undoOf(call);
  if (bench.without?.undo !== undefined) {
    const applied = await target.state();
    await provider.undo(undoing, after).catch(() => undefined);
    trial.expect('an undo that there is not leaves the target as it was', (await target.state()) === applied);
    return trial.expectEffects({ kind: 'applied', after }, 1);
  }
  const applied = await target.state();
  const isLost = seed % 2 === 0;
  if (isLost) {
    const reached = line.breakAt(target.isUndo ?? target.isAct ?? anything, 'after');
    const trying = provider.undo({ ...undoing, timeoutMs: call.timeoutMs }, after).then(
      () => true,
      () => false,
    );
    await Promise.race([reached, trying]);
    trial.expect('the undo came through, by the state of the target', await becomes(target, original));
    line.cut();
    await trying;
  } else {
    line.refuse();
    trial.expect('an undo that does not get through fails', await fails(provider.undo(undoing, after)));
    trial.expect('an undo that failed leaves the target as it was', (await target.state()) === applied);
  }
  line.heal();
  const undone = await provider.undo({ ...undoing, underWayUntil: Date.now() + call.timeoutMs }, after);
  trial.expect(`the undo is asked for again and is ${undone.kind}`, undone.kind === 'undone');
  trial.expect('the target is as it was before', (await target.state()) === original);
  await trial.expectEffects({ kind: 'applied', after }, 1);
}

/** Somebody else was there between look and act, or after it: it is theirs. */
async function changedMeanwhile(trial: Trial, seed: number): Promise<void> {
  const { target, provider, bench } = trial;
  const call = await trial.call();
  const { compare, undo } = bench.without ?? {};
  if (undo !== undefined || (seed % 2 === 0 && compare === undefined)) {
    await target.disturb();
    const theirs = await target.state();
    await trial.expectEffects(await tryOnce(provider, call), 0);
    return trial.expect('what somebody else did is left alone', (await target.state()) === theirs);
  }
  const after = await provider.apply(call);
  await target.disturb();
  const theirs = await target.state();
  const undone = await provider.undo(undoOf(call), after);
  trial.expect(`an undo of what somebody changed is refused: ${undone.kind}`, undone.kind === 'changedMeanwhile');
  trial.expect('what somebody else did after it is left alone', (await target.state()) === theirs);
  await trial.expectEffects({ kind: 'applied', after }, 1);
}

const anything = (): boolean => true;

const fails = (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => false,
    () => true,
  );

async function becomes(target: Trial['target'], state: string): Promise<boolean> {
  const until = Date.now() + 5_000;
  while ((await target.state()) !== state) {
    if (Date.now() > until) return false;
    await wait(10);
  }
  return true;
}
