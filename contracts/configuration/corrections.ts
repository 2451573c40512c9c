import type { ApprovalRules } from '../../domain/approval.js';
import type { Action, Correction, Level, UndoClass } from '../../domain/service.js';
import { actionOf } from './actions.js';
import { approvalsOf } from './approvals.js';
import { type Context, filled } from './context.js';
import { correction } from './correction-file.js';
import { type Kind, type WholeFile, common, kinds, timedCorrection } from './correction-kinds.js';
import { kindOf } from './kinds.js';
import { formatDuration } from '../../domain/duration.js';
import type { Resolved } from './signals.js';
import { type Node, at, fromPlain, merge, plain } from './tree.js';
import { undoDefault, undoOf } from './undo.js';

/** What the service decides for its corrections: how long its objectives hold, how far apart their readings are, and how long it takes until enough good ones say that they are met. */
export interface Given {
  readonly mode: Node;
  readonly holdMs: number;
  readonly everyMs: number;
  readonly metMs: number;
}

/** Resolves one correction; reported and undefined when it can't be. */
export function resolveCorrection(
  name: string,
  node: Node,
  service: Node,
  given: Given,
  context: Context,
): Resolved<Correction> | undefined {
  const kind = kindOf(node, kinds, common, context.problems);
  if (kind === undefined) return undefined;
  const whole = filled(withMode(node, kind, given.mode), defaultsOf(kind, node, given));
  const file = timedCorrection.parse(plain(whole));
  const action = actionOf(kind, file, whole, service, context);
  if (action === undefined) return undefined;
  const undo = undoOf(kind, file, whole, context);
  checkTimes(file, whole, given, context);
  return { value: correctionOf(name, file, action, undo, approvalsOf(whole, service, context)), node: whole };
}

/** Waiting changes nothing, so that it needs no permission unless somebody wrote that it does. */
function withMode(node: Node, kind: Kind, given: Node): Node {
  const mode = kind === 'wait' && at(node, 'mode') === undefined ? fromPlain('act') : given;
  return merge(node, { kind: 'map', entries: new Map([['mode', { node: mode }]]) });
}

function defaultsOf(kind: Kind, node: Node, given: Given): Readonly<Record<string, unknown>> {
  return {
    undo: undoDefault(kind, plain(at(node, 'postgres'))),
    repeatable: kind === 'wait',
    hold: formatDuration(given.holdMs),
    within: formatDuration(Math.max(30_000, given.metMs + given.everyMs)),
    timeout: kind === 'wait' ? formatDuration(waitMs(node) + 5000) : '30s',
    cooldown: kind === 'wait' ? '0s' : '1m',
    ...(kind === 'http' && { method: 'POST', headers: {} }),
    ...((kind === 'file' || kind === 'release') && { restore: 'lastGood' }),
    ...(kind === 'postgres' && { spare: { users: [], applications: [] }, olderThan: '1m' }),
  };
}

/** Without readings in time nobody could say whether the correction helped; the defaults are made to fit. */
function checkTimes(file: WholeFile, node: Node, { everyMs, metMs }: Given, context: Context): void {
  const atLeast = (key: 'within' | 'hold', ms: number, least: number, why: string) => {
    const sentence = `is ${formatDuration(ms)}; allowed: at least ${formatDuration(least)}, since ${why}`;
    const place = at(node, key)?.place;
    if (ms < least && place !== undefined) context.problems.error(place, sentence);
  };
  atLeast('within', file.within, metMs, 'it takes so long until enough good readings say that an objective is met');
  atLeast('hold', file.hold, 3 * everyMs, `an objective is read every ${formatDuration(everyMs)}`);
}

const waitMs = (node: Node): number => correction.parse(plain(node)).for ?? 0;

function correctionOf(name: string, file: WholeFile, action: Action, undo: UndoClass, approvals: ApprovalRules): Correction {
  return {
    name,
    mode: file.mode,
    ...(file.level !== undefined && { level: file.level as Level }),
    undo,
    repeatable: file.repeatable,
    action,
    settleMs: file.within,
    holdMs: file.hold,
    timeoutMs: file.timeout,
    cooldownMs: file.cooldown,
    approvals,
    ...(file.silence !== undefined && { silence: file.silence }),
    ...(file.onlyIf && { onlyIf: { changedWithinMs: file.onlyIf.changedWithin } }),
    ...(file.resource !== undefined && { resource: file.resource }),
    ...(file.through !== undefined && { through: file.through }),
  };
}
