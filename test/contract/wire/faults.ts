import { setTimeout as wait } from 'node:timers/promises';
import type { Call, Provider } from '../../../activities/ports.js';
import type { Image } from '../../../domain/effect.js';
import type { WireBench } from './bench.js';
import type { Break } from './line.js';
import { type Trial, undoOf } from './trial.js';
import { takeUp, tryOnce, type Verdict } from './verdict.js';
import { Worker } from './worker.js';

/** One way in which things go wrong, and what must come of it. Why it says nothing about a bench, where it does not. */
export interface Fault {
  readonly name: string;
  readonly leftOut?: (bench: WireBench) => string | undefined;
  run(trial: Trial, seed: number): Promise<void>;
}

export const faults: readonly Fault[] = [
  { name: 'refuse', leftOut: noWire, run: refuse },
  { name: 'hang', leftOut: noWire, run: hang },
  { name: 'slow', leftOut: noWire, run: slow },
  { name: 'answer lost', run: answerLost },
  { name: 'target gone', run: targetGone },
  { name: 'undo fails', run: undoFails },
  { name: 'changed meanwhile', leftOut: ({ without: { compare, undo } = {} }) => undo && compare, run: changedMeanwhile },
];

function noWire({ noWire: none }: WireBench): string | undefined {
  return none && `no wire, ${none.why}: an answer can't be lost apart from the process; a killed worker is tried instead`;
}

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
  const { bench } = trial;
  const how: Break = seed % 2 === 0 ? 'before' : 'after';
  const permit = async () => breakAtAct(trial, how);
  const trying = watchedTry(trial, await trial.call({ permit }));
  const verdict = await trying.verdict;
  trial.expect('no answer comes through', !trying.isAnswered());
  trial.expect(`${verdict.kind} is no answer to a call of whose fate nobody can tell`, mayBe(verdict.kind, how, bench.without?.readBack));
  await trial.expectEffects(verdict, how === 'before' ? 0 : 1);
}

/** A try, and whether an answer has come to it yet: with one the fault is none. */
function watchedTry({ provider }: Trial, call: Call): { readonly verdict: Promise<Verdict>; readonly isAnswered: () => boolean } {
  let isAnswered = false;
  const apply: Provider['apply'] = async (one) => {
    const after = await provider.apply(one);
    isAnswered = true;
    return after;
  };
  const verdict = tryOnce({ ...provider, apply }, call);
  // Whoever waits for it hears what went wrong; until then nobody does.
  verdict.catch(() => undefined);
  return { verdict, isAnswered: () => isAnswered };
}

function breakAtAct({ line, target }: Trial, how: Break): void {
  if (how === 'after' && target.hasActed !== undefined) line.holdAnswersWhen(target.hasActed);
  else void line.breakAt(target.isAct ?? anything, how);
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
 * worker is killed at that moment and another one takes up its call. Without a wire it is killed at that moment, or at some other.
 */
async function answerLost(trial: Trial, seed: number): Promise<void> {
  const { line, bench } = trial;
  const isKilled = seed % 2 === 0 || bench.noWire !== undefined;
  const arm = () => breakAtAct(trial, 'after');
  const call = await trial.call({ permit: async () => arm() });
  const verdict = await (isKilled ? killedAndTakenUp(trial, seed, call) : resetAndReadBack());
  const right = bench.without?.readBack === undefined ? 'applied' : 'unknown';
  trial.expect(
    `the verdict is ${right}, not ${verdict.kind}${verdict.kind === 'applied' ? '' : `: ${verdict.why}`}`,
    verdict.kind === right,
  );
  await trial.expectEffects(verdict, 1);

  async function resetAndReadBack() {
    const trying = watchedTry(trial, call);
    await actedUpon(trial);
    trial.expect('the line is cut before the answer has come through', !trying.isAnswered());
    line.cut();
    line.heal();
    return trying.verdict;
  }
}

/** Whoever takes up what a worker left that was killed finds it done, or does it: once in all. */
async function killedAndTakenUp(trial: Trial, seed: number, due: Call): Promise<Verdict> {
  const { line, provider, bench } = trial;
  // Where it is killed once it has acted, a time limit would only take a slow start for a fault.
  const call = bench.noWire === undefined ? inItsTime(due) : due;
  const worker = await Worker.start();
  try {
    await worker.begin(bench.provider, call, () => breakAtAct(trial, 'after'));
    await (bench.noWire !== undefined && seed % 2 === 1 ? atSomeMoment(trial) : actedUpon(trial, worker));
  } finally {
    await worker.kill();
  }
  const isInTime = bench.noWire !== undefined || !worker.said.includes('done');
  trial.expect(`the worker was killed before it had an answer; it said ${worker.said.join(', ')}`, isInTime);
  line.cut();
  line.heal();
  return takeUp(provider, { ...call, permit: async () => undefined });
}

const atSomeMoment = ({ bench, random }: Trial): Promise<void> => wait(random() * (bench.noWire?.actsWithinMs ?? 0));

/** Ends when the target itself says that it was done. */
async function actedUpon({ target }: Trial, worker?: Worker): Promise<void> {
  const until = Date.now() + 30_000;
  while ((await target.effects()) === 0) {
    if (Date.now() > until)
      throw new Error(`the target never did what it was asked to${worker ? `; the worker said ${worker.said.join(', ')}` : ''}`);
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
  const after = await provider.apply(inItsTime(call));
  const undoing = undoOf(call);
  if (bench.without?.undo !== undefined) {
    const applied = await target.state();
    await provider.undo(undoing, after).catch(() => undefined);
    trial.expect('an undo that there is not leaves the target as it was', (await target.state()) === applied);
    return trial.expectEffects({ kind: 'applied', after }, 1);
  }
  const applied = await target.state();
  if (bench.noWire !== undefined) await killedWhileUndoing(trial, undoing, after);
  else if (seed % 2 === 0) {
    const reached = line.breakAt(target.isUndo ?? target.isAct ?? anything, 'after');
    const trying = provider.undo({ ...undoing, timeoutMs: call.timeoutMs }, after).then(
      () => true,
      () => false,
    );
    await Promise.race([reached, trying]);
    trial.expect('the undo came through, by the state of the target', await becomes(target, original, trying));
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

async function killedWhileUndoing(trial: Trial, undoing: Call, after: Image): Promise<void> {
  const worker = await Worker.start();
  try {
    await worker.begin(trial.bench.provider, undoing, undefined, after);
    await atSomeMoment(trial);
  } finally {
    await worker.kill();
  }
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
  const after = await provider.apply(inItsTime(call));
  await target.disturb();
  const theirs = await target.state();
  const undone = await provider.undo(undoOf(call), after);
  trial.expect(`an undo of what somebody changed is refused: ${undone.kind}`, undone.kind === 'changedMeanwhile');
  trial.expect('what somebody else did after it is left alone', (await target.state()) === theirs);
  await trial.expectEffects({ kind: 'applied', after }, 1);
}

const anything = (): boolean => true;

/** For what is to succeed, however busy the machine is. */
const inItsTime = (call: Call): Call => ({ ...call, timeoutMs: 30_000 });

const fails = (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => false,
    () => true,
  );

/** Whether the target comes into that state while `trying` is under way: who says it is done has done it. */
async function becomes(target: Trial['target'], state: string, trying: Promise<unknown>): Promise<boolean> {
  const until = Date.now() + 30_000;
  let isOver = false;
  void trying.then(() => (isOver = true));
  for (;;) {
    const last = isOver || Date.now() > until;
    if ((await target.state()) === state) return true;
    if (last) return false;
    await wait(10);
  }
}
