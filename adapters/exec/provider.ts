import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { Call, CommandEnd, Provider, ReadBack, Target } from '../../activities/ports.js';
import type { Image } from '../../domain/effect.js';
import { ActionFailed, TargetRefused } from '../../domain/failure.js';
import type { Action } from '../../domain/service.js';
import { locateProgram, noProgram, runCommand } from './command.js';

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
    examine: async ({ action: { argv } }) =>
      locateProgram(argv[0] ?? '') === undefined
        ? { applicable: false, reason: noProgram(argv[0] ?? '') }
        : { applicable: true, evidence: `${argv[0]} can be run` },
    apply,
    readBack,
    undo,
  };
}

async function apply(call: Call<Exec>): Promise<Image> {
  await call.permit();
  const end = await run(call, call.action.argv);
  if (end.kind === 'notStarted') throw new TargetRefused(end.why);
  if (end.kind === 'killed') throw new Error(sentence(call.action.argv, end));
  if (end.code === exitRefused) throw new TargetRefused(sentence(call.action.argv, end));
  const after = await stateAfter(call);
  if (end.code !== 0) throw new ActionFailed(sentence(call.action.argv, end), after);
  return after;
}

async function readBack(call: Call<Exec>): Promise<ReadBack> {
  const { verifyArgv } = call.action;
  if (verifyArgv === undefined) return { kind: 'unknown', why: 'the correction has no `verify` command to ask' };
  const end = await run(call, verifyArgv);
  if (end.kind === 'exited' && end.code === 0) return { kind: 'applied', after: seen(call, end.output) };
  if (end.kind === 'exited' && end.code === 1) return { kind: 'notApplied' };
  return { kind: 'unknown', why: sentence(verifyArgv, end) };
}

/** Asks `verify` first, where there is one, whether the target still is as the action left it. */
async function undo(call: Call<Exec>, after: Image): Promise<{ kind: 'undone' | 'changedMeanwhile'; now: Image }> {
  const { undoArgv, verifyArgv } = call.action;
  if (undoArgv === undefined) throw new Error('the correction has no `undo` command');
  if (verifyArgv !== undefined) {
    const now = await readBack({ ...call, actionId: String(after.content.actionId) });
    if (now.kind === 'unknown') throw new Error(now.why);
    if (now.kind === 'notApplied') return { kind: 'changedMeanwhile', now: opaque(call) };
    if (now.kind === 'applied' && now.after.identity !== after.identity) return { kind: 'changedMeanwhile', now: now.after };
  }
  await call.permit();
  const end = await run(call, undoArgv);
  if (end.kind !== 'exited' || end.code !== 0) throw new Error(sentence(undoArgv, end));
  return { kind: 'undone', now: opaque(call) };
}

/** The command was done, whatever `verify` can say about it now. */
async function stateAfter(call: Call<Exec>): Promise<Image> {
  const found = await readBack(call);
  return found.kind === 'applied' ? found.after : seen(call, '');
}

const run = (call: Call<Exec>, argv: readonly string[]): Promise<CommandEnd> =>
  runCommand({ argv, env: environmentOf(call), timeoutMs: call.timeoutMs, abort: call.abort });

const environmentOf = (call: Call): Record<string, string> => ({
  PATH: process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
  LANG: process.env.LANG ?? 'C.UTF-8',
  HALE_ACTION_ID: call.actionId,
  HALE_FENCE: call.fence,
  HALE_SERVICE: call.service,
  HALE_INSTANCE: call.instance ?? '',
});

const opaque = ({ action }: Target<Exec>): Image => ({
  identity: 'opaque',
  summary: `whatever ${action.argv[0]} acts on`,
  content: {},
});

function seen(call: Call<Exec>, output: string): Image {
  const line = output.split('\n')[0] ?? '';
  if (line === '') return { ...opaque(call), content: { actionId: call.actionId } };
  return { identity: `verify:${line}`, summary: line, content: { actionId: call.actionId } };
}

function sentence(argv: readonly string[], end: CommandEnd): string {
  if (end.kind === 'notStarted') return end.why;
  const said = end.output === '' ? 'it printed nothing' : `it printed: ${end.output.slice(-300)}`;
  return `${argv[0]} ${end.kind === 'exited' ? `exited with ${end.code}` : `was killed: ${end.why}`}; ${said}`;
}

const hashOf = (argv: readonly string[]): string => createHash('sha256').update(JSON.stringify(argv)).digest('hex').slice(0, 12);
