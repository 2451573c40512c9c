import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { Call, Provider, ReadBack, Target, Undone } from '../../activities/ports.js';
import type { Image } from '../../domain/effect.js';
import { ActionFailed, TargetRefused } from '../../domain/failure.js';
import type { Action } from '../../domain/service.js';
import { commands } from './commands.js';

type Exec = Extract<Action, { kind: 'exec' }>;

/** With this code a command says that it refused before it did anything (a smaller fence, a state it does not like). */
const exitRefused = 77;

/**
 * Runs a command of the configuration. Its exit code decides whether it was done; hale can't see what it acts on, so the
 * image says nothing unless `verify` prints a line that names the target's state.
 */
export function execProvider(): Provider<Exec> {
  return {
    kind: 'exec',
    readBackBy: (action) => (action.verifyArgv === undefined ? 'none' : 'actionId'),
    fencedBy: 'self',
    resourceOf: async ({ action }) => `exec/${basename(action.argv[0] ?? '')}/${hashOf(action.argv)}`,
    image: async (target) => opaque(target),
    examine: async ({ action: { argv } }) => {
      const reason = commands.missing(argv);
      return reason === undefined ? { applicable: true, evidence: `${argv[0]} can be run` } : { applicable: false, reason };
    },
    apply,
    readBack,
    undo,
  };
}

async function apply(call: Call<Exec>): Promise<Image> {
  await call.permit();
  const end = await commands.run(call.action.argv, call);
  if (end.kind === 'notStarted') throw new TargetRefused(end.sentence);
  if (end.kind === 'killed') throw new Error(end.sentence);
  if (end.code === exitRefused) throw new TargetRefused(end.sentence);
  const after = await stateAfter(call);
  if (end.code !== 0) throw new ActionFailed(end.sentence, after);
  return after;
}

async function readBack(call: Call<Exec>): Promise<ReadBack> {
  const { argv, verifyArgv } = call.action;
  const left = await commands.awaitLeftover(argv, call);
  if (left !== undefined) return { kind: 'unknown', why: left };
  if (verifyArgv === undefined) return { kind: 'unknown', why: 'the correction has no `verify` command to ask' };
  const end = await commands.run(verifyArgv, call);
  if (end.kind === 'exited' && end.code === 0) return { kind: 'applied', after: seen(call, end.stdout) };
  if (end.kind === 'exited' && end.code === 1) return { kind: 'notApplied' };
  return { kind: 'unknown', why: end.sentence };
}

async function undo(call: Call<Exec>, after: Image): Promise<Undone> {
  const { undoArgv, verifyArgv } = call.action;
  if (undoArgv === undefined) throw new Error('the correction has no `undo` command');
  const left = await commands.awaitLeftover(undoArgv, call);
  if (left !== undefined) throw new Error(left);
  const settled = verifyArgv === undefined ? undefined : await settledAlready(call, after);
  if (settled !== undefined) return settled;
  await call.permit();
  const end = await commands.run(undoArgv, call);
  if (end.kind !== 'exited' || end.code !== 0) throw new Error(end.sentence);
  return { kind: 'undone', now: opaque(call) };
}

/**
 * `verify` says first whether an earlier try was the undo, and whether the target is as the action left it. What it never
 * showed as done can't be compared, and is undone all the same: it may be half done.
 */
async function settledAlready(call: Call<Exec>, after: Image): Promise<Undone | undefined> {
  const earlier = await readBack(call);
  if (earlier.kind === 'applied') return { kind: 'undone', now: earlier.after };
  if (earlier.kind === 'unknown' && call.underWayUntil !== undefined) throw new Error(earlier.why);
  const { actionId } = after.content;
  if (typeof actionId !== 'string') return undefined;
  const now = await readBack({ ...call, actionId });
  if (now.kind === 'unknown') throw new Error(now.why);
  if (now.kind === 'notApplied') return { kind: 'changedMeanwhile', now: opaque(call) };
  return now.after.identity === after.identity ? undefined : { kind: 'changedMeanwhile', now: now.after };
}

/** The command was done, whatever `verify` can say about it now. */
async function stateAfter(call: Call<Exec>): Promise<Image> {
  const found = await readBack(call);
  return found.kind === 'applied' ? found.after : opaque(call);
}

const opaque = ({ action }: Target<Exec>): Image => ({
  identity: 'opaque',
  summary: `whatever ${action.argv[0]} acts on`,
  content: {},
});

/** The target as `verify` says that this action left it: who compares with it asks for that action. */
function seen(call: Call<Exec>, printed: string): Image {
  const content = { actionId: call.actionId };
  const line = printed.split('\n')[0] ?? '';
  if (line === '') return { ...opaque(call), content };
  return { identity: `verify:${line}`, summary: line, content };
}

const hashOf = (argv: readonly string[]): string => createHash('sha256').update(JSON.stringify(argv)).digest('hex').slice(0, 12);
