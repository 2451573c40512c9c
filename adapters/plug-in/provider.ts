import { setTimeout as sleep } from 'node:timers/promises';
import type { Call, Provider, ReadBack, Target, Undone } from '../../activities/ports.js';
import type { PlugIn, PlugInCall } from '../../contracts/plug-in.js';
import { imageIn, reasonIn, resourceIn } from '../../contracts/plug-in/answers.js';
import type { Image } from '../../domain/effect.js';
import { TargetRefused } from '../../domain/failure.js';
import type { Action } from '../../domain/service.js';

type PlugInAction = Extract<Action, { kind: 'plugIn' }>;
/** The corrections that a module exports, or what is wrong with each. */
export type LoadPlugIns = (module: string) => Promise<Readonly<Record<string, PlugIn | string>>>;

const lookAgainMs = 250;

/**
 * Corrections that people wrote themselves. What every provider owes is done here, once: the target is compared before the
 * action and before its undo, permission is asked last, calls end in time, and unclear answers are read back.
 */
export function plugInProvider(load: LoadPlugIns): Provider<PlugInAction> {
  const plugInOf = async ({ module, correction }: PlugInAction): Promise<PlugIn> => {
    const plugIn = (await load(module).catch((error: unknown) => notLoaded(module, error)))[correction];
    if (plugIn === undefined) throw new TargetRefused(`${module} exports no correction ${correction} any more`);
    if (typeof plugIn === 'string') throw new TargetRefused(`${correction} of ${module} can't be used: ${plugIn}`);
    return plugIn;
  };
  return {
    kind: 'plugIn',
    readBackBy: ({ tells }) => (tells ? 'actionId' : 'none'),
    fencedBy: 'self',
    resourceOf: async ({ action }) => {
      const { resource } = await plugInOf(action);
      return `plugIn/${resourceIn(action, () => resource(action.options))}`;
    },
    image: async (target) => look(await plugInOf(target.action), target),
    examine: async ({ action }, current) => {
      const { pointless } = await plugInOf(action);
      const why = reasonIn(action, 'pointless', () => pointless?.(action.options, current));
      return why === undefined ? { applicable: true, evidence: current.summary } : { applicable: false, reason: why };
    },
    apply: async (call) => apply(await plugInOf(call.action), call),
    readBack: async (call) =>
      readBack(await plugInOf(call.action), call).catch((error: unknown) => ({ kind: 'unknown', why: sentenceOf(error) })),
    undo: async (call, after) => undo(await plugInOf(call.action), call, after),
  };
}

/** A module that is gone or broken has done nothing. */
function notLoaded(module: string, error: unknown): never {
  throw new TargetRefused(`${module} can't be loaded: ${sentenceOf(error)}`);
}

function refused(error: unknown): never {
  throw new TargetRefused(sentenceOf(error));
}

const sentenceOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function apply(plugIn: PlugIn, call: Call<PlugInAction>): Promise<Image> {
  await unchanged(plugIn, call);
  await call.permit();
  await unchanged(plugIn, call);
  await inTime(call, (abort) => plugIn.act(call.action.options, callOf(call, abort)));
  return look(plugIn, call).catch(unclear);
}

/** A target that is not there just then refuses nothing any more: what became of it is read back. */
function unclear(error: unknown): never {
  throw new Error(`it was done, and can't be looked at since: ${sentenceOf(error)}`, { cause: error });
}

async function unchanged(plugIn: PlugIn, call: Call<PlugInAction>): Promise<void> {
  const now = await look(plugIn, call).catch(refused);
  if (now.identity !== call.before.identity)
    throw new TargetRefused(`the target changed since it was examined: it was ${call.before.summary}, and is ${now.summary}`);
}

async function look(plugIn: PlugIn, target: Target<PlugInAction> & { readonly abort?: AbortSignal }): Promise<Image> {
  return imageIn(target.action, await inTime(target, (abort) => plugIn.look(target.action.options, abort)));
}

async function readBack(plugIn: PlugIn, call: Call<PlugInAction>): Promise<ReadBack> {
  const { happened } = plugIn;
  if (happened === undefined) return { kind: 'unknown', why: `${call.action.correction} has no way to tell what was done` };
  for (;;) {
    // People's own code may answer anything.
    const answer: unknown = await inTime(call, (abort) => happened(call.action.options, callOf(call, abort)));
    if (answer === true) return { kind: 'applied', after: await lookOnceItIsBack(plugIn, call) };
    if (answer !== false) return { kind: 'unknown', why: `${call.action.correction} can't tell whether it was done` };
    if (Date.now() >= (call.underWayUntil ?? 0)) return unlessItShows(plugIn, call);
    await sleep(lookAgainMs, undefined, { signal: call.abort });
  }
}

/** What was started anew may not be there just then. What stays away was done all the same, and its undo finds it changed. */
async function lookOnceItIsBack(plugIn: PlugIn, call: Call<PlugInAction>): Promise<Image> {
  const until = Date.now() + call.timeoutMs;
  for (;;) {
    const now = await look(plugIn, call).catch(sentenceOf);
    if (typeof now !== 'string') return now;
    if (Date.now() >= until) return { identity: 'gone', summary: now, content: {} };
    await sleep(lookAgainMs, undefined, { signal: call.abort });
  }
}

/** What failed halfway may say that it was not done; as never done it would lose its undo. */
async function unlessItShows(plugIn: PlugIn, call: Call<PlugInAction>): Promise<ReadBack> {
  const { identity, summary } = await look(plugIn, call);
  if (identity === call.before.identity) return { kind: 'notApplied' };
  const why = `it says it was not done, but the target is not as it was: it was ${call.before.summary}, and is ${summary}`;
  return { kind: 'unknown', why };
}

/** An earlier try of the undo may be under way until its time is over: only then is it sent again. */
async function undo(plugIn: PlugIn, call: Call<PlugInAction>, after: Image): Promise<Undone> {
  const { takeBack } = plugIn;
  if (takeBack === undefined) throw new Error(`${call.action.correction} has no way back`);
  for (;;) {
    const settled = await settledOf(plugIn, call, after);
    if (settled !== undefined) return settled;
    if (Date.now() >= (call.underWayUntil ?? 0)) break;
    await sleep(lookAgainMs, undefined, { signal: call.abort });
  }
  await call.permit();
  const settled = await settledOf(plugIn, call, after);
  if (settled !== undefined) return settled;
  await inTime(call, (abort) => takeBack(call.action.options, callOf(call, abort)));
  return { kind: 'undone', now: await look(plugIn, call) };
}

/** Undefined while it stands as the action left it. */
async function settledOf(plugIn: PlugIn, call: Call<PlugInAction>, after: Image): Promise<Undone | undefined> {
  const now = await look(plugIn, call);
  if (now.identity === call.before.identity) return { kind: 'undone', now };
  return now.identity === after.identity ? undefined : { kind: 'changedMeanwhile', now };
}

const callOf = ({ actionId, fence, before, timeoutMs }: Call<PlugInAction>, abort: AbortSignal): PlugInCall => ({
  actionId,
  fence,
  before,
  timeoutMs,
  abort,
});

/** Ends with the time limit or when the call is called off, whether the module listens to its signal or not. */
async function inTime<T>(
  { timeoutMs, abort }: Pick<Target, 'timeoutMs'> & { readonly abort?: AbortSignal },
  work: (abort: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = AbortSignal.timeout(timeoutMs);
  const signal = abort === undefined ? limit : AbortSignal.any([abort, limit]);
  const over = new Promise<never>((_, reject) => {
    // What waits here holds the limit: else it is collected, for `any` does not hold what it is made of, and never fires.
    const end = (): void => reject(new Error(limit.aborted ? `it did not end within ${timeoutMs} ms` : 'it was called off'));
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
  // A module may also throw before it has a promise to give.
  const working = (async () => work(signal))();
  return Promise.race([working.catch(translated), over]);
}

/** A module may have its own copy of the class: its name is what tells. */
function translated(error: unknown): never {
  if (error instanceof Error && error.name === 'Refused') throw new TargetRefused(error.message);
  throw error;
}
