import type { Action, Correction, HttpRequest, UndoClass } from '../../domain/service.js';
import { unreachable } from '../../domain/failure.js';
import { type Context, connectionOf, filled } from './context.js';
import { type CorrectionFile, correction } from './correction-file.js';
import { type Kinds, kindOf } from './kinds.js';
import { formatDuration } from './scalars.js';
import type { Resolved } from './signals.js';
import { type Node, at, fromPlain, merge, plain } from './tree.js';

type Kind = Exclude<Action['kind'], 'inactive'> | 'kubernetes' | 'systemd';

const kinds: Kinds<Kind> = {
  exec: { main: 'exec', beside: ['undo', 'verify', 'repeatable'] },
  http: { main: 'http', beside: ['method', 'headers', 'body', 'undo', 'verify', 'repeatable'] },
  file: { main: 'file', beside: ['restore', 'then', 'undo', 'onlyIf'] },
  release: { main: 'release', beside: ['restore', 'then', 'undo', 'onlyIf'] },
  postgres: { main: 'postgres', beside: ['target', 'spare', 'olderThan', 'table', 'undo'] },
  wait: { main: 'for', beside: ['undo'] },
  kubernetes: { main: 'kubernetes', beside: ['undo', 'onlyIf', 'on'] },
  systemd: { main: 'systemd', beside: ['undo', 'onlyIf', 'on'] },
};
const common = ['mode', 'hold', 'within', 'timeout', 'cooldown', 'resource', 'through'];

/** Resolves one correction; its mode and the longest hold of the objectives are decided by the service. */
export function resolveCorrection(
  name: string,
  node: Node,
  service: Node,
  given: { readonly mode: Node; readonly holdMs: number },
  context: Context,
): Resolved<Correction> | undefined {
  const kind = kindOf(node, kinds, common, context.problems);
  if (kind === undefined) return undefined;
  const whole = filled(withMode(node, kind, given.mode), defaultsOf(kind, node, given.holdMs));
  const file = timedCorrection.parse(plain(whole));
  const action = actionOf(kind, file, whole, service, context);
  if (action === undefined) return undefined;
  const undo = undoOf(kind, file, whole, context);
  return { value: correctionOf(name, file, action, undo), node: whole };
}

/** Waiting changes nothing, so that it needs no permission unless somebody wrote that it does. */
function withMode(node: Node, kind: Kind, given: Node): Node {
  const mode = kind === 'wait' && at(node, 'mode') === undefined ? fromPlain('act') : given;
  return merge(node, { kind: 'map', entries: new Map([['mode', { node: mode }]]) });
}

const timed = { mode: true, hold: true, within: true, timeout: true, cooldown: true, repeatable: true, undo: true } as const;
const timedCorrection = correction.required(timed);

type WholeFile = CorrectionFile & { [K in keyof typeof timed]-?: NonNullable<CorrectionFile[K]> };

function defaultsOf(kind: Kind, node: Node, holdMs: number): Readonly<Record<string, unknown>> {
  return {
    undo: undoDefault(kind, plain(at(node, 'postgres'))),
    repeatable: kind === 'wait',
    hold: formatDuration(holdMs),
    within: '30s',
    timeout: kind === 'wait' ? formatDuration(waitMs(node) + 5000) : '30s',
    cooldown: kind === 'wait' ? '0s' : '1m',
    ...(kind === 'http' && { method: 'POST', headers: {} }),
    ...((kind === 'file' || kind === 'release') && { restore: 'lastGood' }),
    ...(kind === 'postgres' && { spare: { users: [], applications: [] }, olderThan: '1m' }),
  };
}

const waitMs = (node: Node): number => correction.parse(plain(node)).for ?? 0;

/** What undoing means is a fact of the action; only programs and requests may say it themselves. */
function undoDefault(kind: Kind, statement: unknown): UndoClass {
  switch (kind) {
    case 'file':
    case 'release':
      return 'restores';
    case 'wait':
      return 'nothingToRestore';
    case 'postgres':
      return statement === 'terminateRootBlocker' ? 'loses' : 'nothingToRestore';
    case 'exec':
    case 'http':
    case 'kubernetes':
    case 'systemd':
      return 'irreversible';
  }
}

function undoOf(kind: Kind, file: WholeFile, node: Node, context: Context): UndoClass {
  const place = at(node, 'undo')?.place ?? node.place;
  const refuse = (sentence: string): UndoClass => {
    context.problems.error(place, sentence);
    return 'irreversible';
  };
  if (typeof file.undo !== 'string') {
    if ((kind === 'exec' && file.undo.exec !== undefined) || (kind === 'http' && file.undo.http !== undefined)) return 'restores';
    return refuse(
      `is no undo for ${kinds[kind].main}; allowed: ${kind === 'http' ? '{http: URL}' : kind === 'exec' ? '{exec: [program]}' : 'nothing: hale undoes it itself'}`,
    );
  }
  const fact = undoDefault(kind, file.postgres);
  if (kind !== 'exec' && kind !== 'http')
    return file.undo === fact ? fact : refuse(`says ${file.undo}, but ${kinds[kind].main} ${fact}; allowed: leave it out`);
  if (file.undo === 'restores')
    return refuse(`says restores without saying how; allowed: {${kind}: ...}, nothingToRestore, loses, irreversible`);
  return file.undo;
}

function actionOf(kind: Kind, file: WholeFile, node: Node, service: Node, context: Context): Action | undefined {
  // What would have gone another way must not go the direct way just because this version does not know the other one.
  if (file.through !== undefined) return { kind: 'inactive', provider: file.through };
  switch (kind) {
    case 'exec':
      return execAction(file, node, context);
    case 'http':
      return httpAction(file, node, context);
    case 'file':
      return fileAction(file, node, context);
    case 'release':
      return { kind, link: file.release ?? '', restore: file.restore ?? 'lastGood', ...(file.then && { then: file.then }) };
    case 'postgres':
      return postgresAction(file, node, service, context);
    case 'wait':
      return { kind, forMs: file.for ?? 0 };
    case 'kubernetes':
    case 'systemd':
      return { kind: 'inactive', provider: kind };
    default:
      return unreachable(kind);
  }
}

function execAction(file: WholeFile, node: Node, context: Context): Action {
  const undoArgv = typeof file.undo === 'string' ? undefined : file.undo.exec;
  if (typeof file.verify === 'string')
    context.problems.error(at(node, 'verify')?.place, 'is a URL; allowed beside exec: a program, such as [/usr/local/bin/was-done]');
  const verifyArgv = Array.isArray(file.verify) ? file.verify : undefined;
  return { kind: 'exec', argv: file.exec ?? [], ...(undoArgv && { undoArgv }), ...(verifyArgv && { verifyArgv }) };
}

function httpAction(file: WholeFile, node: Node, context: Context): Action {
  const undo = typeof file.undo === 'string' ? undefined : file.undo;
  if (Array.isArray(file.verify))
    context.problems.error(
      at(node, 'verify')?.place,
      'is a program; allowed beside http: a URL that answers 200 when done and 404 when not',
    );
  refuseSecretHeaders(at(node, 'headers'), context);
  refuseSecretHeaders(at(node, 'undo', 'headers'), context);
  return {
    kind: 'http',
    request: requestOf(file),
    ...(undo?.http !== undefined && { undoRequest: requestOf(undo) }),
    ...(typeof file.verify === 'string' && { verifyUrl: file.verify }),
  };
}

const requestOf = (file: Pick<CorrectionFile, 'http' | 'method' | 'headers' | 'body'>): HttpRequest => ({
  url: file.http ?? '',
  method: file.method ?? 'POST',
  headers: file.headers ?? {},
  ...(file.body !== undefined && { body: file.body }),
});

function refuseSecretHeaders(headers: Node | undefined, context: Context): void {
  for (const [header, { node }] of headers?.kind === 'map' ? headers.entries : [])
    if (/^(proxy-)?authorization$|cookie|token|secret|api-?key/i.test(header))
      context.problems.error(
        node.place,
        'would put a secret in clear into the configuration (not shown); allowed: headers without secrets',
      );
}

function fileAction(file: WholeFile, node: Node, context: Context): Action {
  if (file.restore === 'previous')
    context.problems.error(at(node, 'restore')?.place, 'is previous; allowed beside file: lastGood (previous is for release)');
  return { kind: 'file', path: file.file ?? '', restore: 'lastGood', ...(file.then && { then: file.then }) };
}

function postgresAction(file: WholeFile, node: Node, service: Node, context: Context): Action | undefined {
  const connection = connectionOf(at(node, 'target') ?? at(service, 'target'), node, context);
  const table = file.table;
  if (file.postgres === 'vacuum' && (table === undefined || table.includes('*')))
    context.problems.error(
      (at(node, 'table') ?? node).place,
      'names no table; allowed: table: schema.name (an empty selector selects nothing)',
    );
  if (connection === undefined || file.postgres === undefined) return undefined;
  return {
    kind: 'postgres',
    connection,
    statement: file.postgres,
    spare: { users: file.spare?.users ?? [], applications: file.spare?.applications ?? [] },
    olderThanMs: file.olderThan ?? 60_000,
    ...(table !== undefined && { table }),
  };
}

function correctionOf(name: string, file: WholeFile, action: Action, undo: UndoClass): Correction {
  return {
    name,
    mode: file.mode,
    undo,
    repeatable: file.repeatable,
    action,
    settleMs: file.within,
    holdMs: file.hold,
    timeoutMs: file.timeout,
    cooldownMs: file.cooldown,
    ...(file.onlyIf && { onlyIf: { changedWithinMs: file.onlyIf.changedWithin } }),
    ...(file.resource !== undefined && { resource: file.resource }),
  };
}
