import { unreachable } from '../../domain/failure.js';
import type { Action, HttpRequest } from '../../domain/service.js';
import { type Context, connectionOf } from './context.js';
import type { CorrectionFile } from './correction-file.js';
import type { Kind, WholeFile } from './correction-kinds.js';
import { type Node, at } from './tree.js';

/** What a provider is to do; undefined when what it needs was reported as missing. */
export function actionOf(kind: Kind, file: WholeFile, node: Node, service: Node, context: Context): Action | undefined {
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
