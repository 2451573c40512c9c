import { z } from 'zod';
import type { ApprovalRules } from '../../../domain/approval.js';
import { formatDuration } from '../../../domain/duration.js';
import type { Action, Correction, Level, Mode, UndoClass } from '../../../domain/service.js';
import { approvalsOf } from '../approvals.js';
import { type Context, filled } from '../context.js';
import { kindOf } from '../kinds.js';
import type { Resolved } from '../signals.js';
import { type Node, at, fromPlain, merge, plain, textOf } from '../tree.js';
import { type WholeCorrection, commonKeys, wholeCorrection } from './file.js';
import type { AnyKind } from './kind.js';
import { correctionKinds } from './kinds.js';
import { undoOf } from './undo.js';

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
  const main = kindOf(node, keysByMain, commonKeys, context.problems);
  const kind = correctionKinds.find((one) => one.main === main);
  if (kind === undefined) return undefined;
  const whole = filled(withMode(node, kind, given.mode), defaultsOf(kind, node, given, context));
  const file = wholeCorrection.parse(plain(whole));
  const action = kind.action(z.object(kind.keys).parse(plain(whole)) as never, { node: whole, service, context });
  if (action === undefined) return undefined;
  const undo = undoOf(kind, whole, context);
  checkTimes(file, whole, given, context);
  return { value: correctionOf(name, file, action, undo, approvalsOf(whole, service, context)), node: whole };
}

const keysByMain = Object.fromEntries(
  correctionKinds.map(({ main, keys }) => [
    main,
    { main, beside: Object.keys(keys).filter((key) => key !== main && !commonKeys.includes(key)) },
  ]),
);

function withMode(node: Node, kind: AnyKind, given: Node): Node {
  const mode = at(node, 'mode') === undefined ? unwritten(kind, given) : given;
  return merge(node, { kind: 'map', entries: new Map([['mode', { node: mode }]]) });
}

function unwritten({ mode, modeAtMost }: AnyKind, given: Node): Node {
  if (mode !== undefined) return fromPlain(mode);
  return modeAtMost !== undefined && modes.indexOf(textOf(given) as Mode) > modes.indexOf(modeAtMost) ? fromPlain(modeAtMost) : given;
}

const modes: readonly Mode[] = ['observe', 'ask', 'act'];

const defaultsOf = (kind: AnyKind, node: Node, given: Given, context: Context): Readonly<Record<string, unknown>> => ({
  undo: kind.undo?.(node, context) ?? 'irreversible',
  repeatable: false,
  hold: formatDuration(given.holdMs),
  within: formatDuration(Math.max(30_000, given.metMs + given.everyMs)),
  timeout: '30s',
  cooldown: '1m',
  ...kind.defaults?.(node),
});

/** Without readings in time nobody could say whether the correction helped; the defaults are made to fit. */
function checkTimes(file: WholeCorrection, node: Node, { everyMs, metMs }: Given, context: Context): void {
  const atLeast = (key: 'within' | 'hold', ms: number, least: number, why: string) => {
    const sentence = `is ${formatDuration(ms)}; allowed: at least ${formatDuration(least)}, since ${why}`;
    const place = at(node, key)?.place;
    if (ms < least && place !== undefined) context.problems.error(place, sentence);
  };
  atLeast('within', file.within, metMs, 'it takes so long until enough good readings say that an objective is met');
  atLeast('hold', file.hold, 3 * everyMs, `an objective is read every ${formatDuration(everyMs)}`);
}

function correctionOf(name: string, file: WholeCorrection, action: Action, undo: UndoClass, approvals: ApprovalRules): Correction {
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
