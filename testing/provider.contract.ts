import type { Call, Provider, Target } from '../activities/ports.js';
import type { Image } from '../domain/effect.js';
import { NotPermitted, TargetRefused } from '../domain/failure.js';
import type { Action } from '../domain/service.js';
import { collectingMeanwhile } from './garbage.js';
import { describe, expect, it } from './runner.js';

/** A provider with one real target of its own that is due for correction and keeps its own account of what was done to it. */
export interface Bench<A extends Action> {
  readonly provider: Provider<A>;
  readonly target: Target<A>;
  readonly good?: Image;
  /** From now on another goal would be chosen; returns what then counts as good. Where the provider chooses goals. */
  readonly tempt?: () => Promise<Image | undefined>;
  /** How often the target was acted upon, by its own account. */
  effects(): Promise<number>;
  /** All of the target that the correction may change, as one comparable text. */
  state(): Promise<string>;
  /** Somebody else changes the target. */
  readonly disturb?: () => Promise<void>;
  /** From now on the target does what it is asked to, and its answer never arrives. */
  readonly loseAnswers?: () => Promise<void>;
  /** From now on the target does not answer and does nothing. */
  readonly hang?: () => Promise<void>;
  /** From now on the target is gone as soon as it was acted upon; where this is left out, it is removed as soon as that is seen. */
  readonly vanish?: () => Promise<void>;
  readonly remove: () => Promise<void>;
}

/** What a provider can't promise, and why; those rules are not held against it. docs/risks.md tells people. */
export interface Without {
  readonly compare?: string | undefined;
  readonly goal?: string | undefined;
  readonly undo?: string | undefined;
  readonly readBack?: string | undefined;
  /** What is there no more can't be told from what does not answer just now, and tells later. */
  readonly gone?: string | undefined;
  readonly waiting?: string | undefined;
  readonly vanishing?: string | undefined;
}

export type Arrange<A extends Action> = () => Promise<Bench<A>>;

/** Every rule of `Provider` in activities/ports.ts, against a real target. */
export function holdsProviderContract<A extends Action>(name: string, arrange: Arrange<A>, without: Without = {}): void {
  describe(`${name} keeps the provider contract`, () => {
    actingRules(arrange, without);
    vanishingRules(arrange, without);
    changeRules(arrange, without);
    goalRules(arrange, without);
    readBackRules(arrange, without);
    undoRules(arrange, without);
    waitingRules(arrange, without);
  });
}

function actingRules<A extends Action>(arrange: Arrange<A>, without: Without): void {
  it('finds something to correct, acts once and returns the target as it then is', async () => {
    const bench = await arrange();
    const call = await callOn(bench);
    const seen = await bench.provider.examine(bench.target, call.before, bench.good);
    expect(seen).toMatchObject({ applicable: true, evidence: expect.stringMatching(/\S/) });
    const after = await bench.provider.apply(call);
    expect(await bench.effects()).toBe(1);
    if (without.compare === undefined) expect(after.identity).toBe((await bench.provider.image(bench.target)).identity);
  });

  it('touches nothing before permit was given, and nothing at all without it', async () => {
    const bench = await arrange();
    const before = await bench.state();
    const seen: string[] = [];
    const permit = async () => {
      seen.push(await bench.state());
      throw new NotPermitted('stop');
    };
    await expect(bench.provider.apply(await callOn(bench, { permit }))).rejects.toThrow(NotPermitted);
    expect(seen).toEqual([before]);
    expect(await bench.effects()).toBe(0);
    expect(await bench.state()).toBe(before);
  });

  it('names the resource the same way for every service that acts on the target', async () => {
    const { provider, target } = await arrange();
    const resource = await provider.resourceOf(target);
    expect(resource).toMatch(new RegExp(`^${provider.kind}/.+`));
    expect(await provider.resourceOf({ ...target, service: 'another' })).toBe(resource);
  });

  it('refuses when the target is gone, and has done nothing', async () => {
    const bench = await arrange();
    const call = await callOn(bench);
    await bench.remove();
    await expect(bench.provider.apply(call)).rejects.toThrow(TargetRefused);
    expect(await bench.effects()).toBe(0);
  });
}

function vanishingRules<A extends Action>(arrange: Arrange<A>, { vanishing }: Without): void {
  itUnless(vanishing, 'does not call it refused when the target is gone once it was acted upon', async () => {
    const bench = await arrange();
    const call = await callOn(bench);
    await bench.vanish?.();
    const applying = { goesOn: true };
    const failure = bench.provider
      .apply(call)
      .then(() => undefined)
      .catch((error: unknown) => error)
      .finally(() => void (applying.goesOn = false));
    if (bench.vanish === undefined) await removedOnceActedUpon(bench, applying);
    expect(await failure).not.toBeInstanceOf(TargetRefused);
  });
}

async function removedOnceActedUpon<A extends Action>(bench: Bench<A>, applying: { readonly goesOn: boolean }): Promise<void> {
  while (applying.goesOn && (await bench.effects()) === 0) await new Promise((resolve) => void setImmediate(resolve));
  await bench.remove();
}

function changeRules<A extends Action>(arrange: Arrange<A>, { compare }: Without): void {
  itUnless(compare, 'refuses a target that changed before it was acted upon', async () => {
    const bench = await arrange();
    const call = await callOn(bench);
    await bench.disturb?.();
    const disturbed = await bench.state();
    await expect(bench.provider.apply(call)).rejects.toThrow(TargetRefused);
    expect(await bench.effects()).toBe(0);
    expect(await bench.state()).toBe(disturbed);
  });

  itUnless(compare, 'refuses a target that changed while permit was asked', async () => {
    const bench = await arrange();
    let disturbed = '';
    const permit = async () => {
      await bench.disturb?.();
      disturbed = await bench.state();
    };
    await expect(bench.provider.apply(await callOn(bench, { permit }))).rejects.toThrow(TargetRefused);
    expect(await bench.effects()).toBe(0);
    expect(await bench.state()).toBe(disturbed);
  });
}

function goalRules<A extends Action>(arrange: Arrange<A>, { goal }: Without): void {
  itUnless(goal, 'brings about the goal it was called with, whatever it would choose now', async () => {
    const bench = await arrange();
    const call = await callOn(bench);
    await tempted(bench, call);
    expect(await bench.provider.apply(call)).toMatchObject({ identity: call.goal?.identity });
    expect(await bench.provider.image(bench.target)).toMatchObject({ identity: call.goal?.identity });
  });

  itUnless(goal, 'goes for the same goal after it was cut off, whatever it would choose now', async () => {
    const bench = await arrange();
    const call = await callOn(bench);
    await bench.loseAnswers?.();
    await expect(bench.provider.apply(call)).rejects.not.toBeInstanceOf(TargetRefused);
    await tempted(bench, call);
    expect(await bench.provider.readBack(call)).toMatchObject({ after: { identity: call.goal?.identity } });
    // Its answer is lost again, unless its target has nothing left to do.
    await bench.provider.apply(call).catch((error: unknown) => expect(error).not.toBeInstanceOf(TargetRefused));
    expect(await bench.provider.image(bench.target)).toMatchObject({ identity: call.goal?.identity });
  });

  itUnless(goal, 'refuses a call that has no goal', async () => {
    const bench = await arrange();
    const { goal: _, ...call } = await callOn(bench);
    await expect(bench.provider.apply(call)).rejects.toThrow(TargetRefused);
    expect(await bench.effects()).toBe(0);
  });
}

/** Makes sure that another goal would be chosen now, from where the target was before the call. */
async function tempted<A extends Action>(bench: Bench<A>, call: Call<A>): Promise<void> {
  const good = await bench.tempt?.();
  const seen = await bench.provider.examine(bench.target, call.before, good);
  if (!seen.applicable || seen.goal === undefined) throw new Error('there is no other goal to choose');
  expect(seen.goal.identity).not.toBe(call.goal?.identity);
}

function readBackRules<A extends Action>(arrange: Arrange<A>, { readBack, gone }: Without): void {
  itUnless(readBack, 'reads back notApplied for a call that never reached the target', async () => {
    const bench = await arrange();
    expect(await bench.provider.readBack(await callOn(bench))).toEqual({ kind: 'notApplied' });
  });

  itUnless(gone, 'can not tell what became of a target that is gone, and keeps nobody waiting for it', async () => {
    const bench = await arrange();
    const call = await callOn(bench);
    await bench.remove();
    expect(await bench.provider.readBack(call)).toMatchObject({ kind: expect.stringMatching(/applied|notApplied|unknown/) });
  });

  itUnless(readBack, 'reads back what a call did whose answer was lost', async () => {
    const bench = await arrange();
    expect(bench.provider.readBackBy(bench.target.action)).not.toBe('none');
    const call = await callOn(bench);
    await bench.loseAnswers?.();
    await expect(bench.provider.apply(call)).rejects.not.toBeInstanceOf(TargetRefused);
    const found = await bench.provider.readBack(call);
    expect(['applied', 'partly']).toContain(found.kind);
    expect(await bench.effects()).toBe(1);
  });
}

function undoRules<A extends Action>(arrange: Arrange<A>, { undo, compare }: Without): void {
  itUnless(undo, 'undoes to exactly what was there before', async () => {
    const bench = await arrange();
    const original = await bench.state();
    const call = await callOn(bench);
    const after = await bench.provider.apply(call);
    expect(await bench.state()).not.toBe(original);
    expect(await bench.provider.undo(undoOf(call), after)).toMatchObject({ kind: 'undone' });
    expect(await bench.state()).toBe(original);
  });

  itUnless(undo, 'undoes nothing without permit', async () => {
    const bench = await arrange();
    const call = await callOn(bench);
    const after = await bench.provider.apply(call);
    const applied = await bench.state();
    const permit = () => Promise.reject(new NotPermitted('stop'));
    await expect(bench.provider.undo({ ...undoOf(call), permit }, after)).rejects.toThrow(NotPermitted);
    expect(await bench.state()).toBe(applied);
  });

  itUnless(undo ?? compare, 'leaves alone what somebody else changed after the action', async () => {
    const bench = await arrange();
    const call = await callOn(bench);
    const after = await bench.provider.apply(call);
    await bench.disturb?.();
    const disturbed = await bench.state();
    expect(await bench.provider.undo(undoOf(call), after)).toMatchObject({ kind: 'changedMeanwhile' });
    expect(await bench.state()).toBe(disturbed);
  });

  itUnless(undo ?? compare, 'undoes again without harm when the first answer was lost', async () => {
    const bench = await arrange();
    const original = await bench.state();
    const call = await callOn(bench);
    const after = await bench.provider.apply(call);
    await bench.provider.undo(undoOf(call), after);
    expect(await bench.provider.undo(undoOf(call), after)).toMatchObject({ kind: 'undone' });
    expect(await bench.state()).toBe(original);
  });
}

function waitingRules<A extends Action>(arrange: Arrange<A>, { waiting }: Without): void {
  itUnless(waiting, 'gives up on a target that hangs, within the time limit', async () => {
    const bench = await arrange();
    const call = await callOn(bench, { timeoutMs: 300 });
    await bench.hang?.();
    const began = performance.now();
    await expect(collectingMeanwhile(bench.provider.apply(call))).rejects.toThrow(/within 300 ms/);
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  itUnless(waiting, 'ends a call that is called off', async () => {
    const bench = await arrange();
    const caller = new AbortController();
    const call = await callOn(bench, { abort: caller.signal, timeoutMs: 20_000 });
    await bench.hang?.();
    const began = performance.now();
    setTimeout(() => caller.abort(), 200);
    await expect(collectingMeanwhile(bench.provider.apply(call))).rejects.toThrow(/called off/);
    expect(performance.now() - began).toBeLessThan(10_000);
  });
}

function itUnless(reason: string | undefined, title: string, rule: () => Promise<void>): void {
  if (reason === undefined) it(title, rule);
}

/** A permitted call on the bench's target as it is now. */
export async function callOn<A extends Action>(bench: Bench<A>, more: Partial<Call<A>> = {}): Promise<Call<A>> {
  const before = await bench.provider.image(bench.target);
  const seen = await bench.provider.examine(bench.target, before, bench.good);
  return {
    ...bench.target,
    actionId: 'cycle/1/fix',
    fence: '7',
    before,
    ...(seen.applicable && seen.goal !== undefined ? { goal: seen.goal } : {}),
    abort: new AbortController().signal,
    permit: async () => undefined,
    ...more,
  };
}

export const undoOf = <A extends Action>(call: Call<A>): Call<A> => ({ ...call, actionId: `${call.actionId}/undo` });
