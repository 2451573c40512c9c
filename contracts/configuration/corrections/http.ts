import type { HttpRequest } from '../../../domain/service.js';
import type { Context } from '../context.js';
import { type Node, at } from '../tree.js';
import { correctionKind, onlyIf, repeatable, through, verify } from './kind.js';
import { type RequestFile, request, undo } from './undo.js';

export const http = correctionKind({
  main: 'http',
  keys: { ...request, undo, verify, repeatable, onlyIf, through },
  defaults: () => ({ method: 'POST', headers: {} }),
  action: (file, { node, context }) => {
    const undoing = typeof file.undo === 'object' ? file.undo : undefined;
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
      ...(undoing?.http !== undefined && { undoRequest: requestOf(undoing) }),
      ...(typeof file.verify === 'string' && { verifyUrl: file.verify }),
    };
  },
});

const requestOf = (file: RequestFile): HttpRequest => ({
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
