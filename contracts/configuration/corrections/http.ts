import type { HttpRequest, SecretHeader } from '../../../domain/service.js';
import { type Context, secretNamed } from '../context.js';
import { reachOf } from '../reach.js';
import { url } from '../scalars.js';
import { type Node, at, plain } from '../tree.js';
import { shown } from '../validate.js';
import { correctionKind, onlyIf, repeatable, through, verify } from './kind.js';
import { type RequestFile, request, undo } from './undo.js';

export const http = correctionKind({
  main: 'http',
  keys: { ...request, undo, verify, repeatable, onlyIf, through },
  defaults: () => ({ method: 'POST', headers: {} }),
  action: (file, { node, service, context }) => {
    const undoing = typeof file.undo === 'object' ? file.undo : undefined;
    const verifyUrl = verifyUrlOf(at(node, 'verify'), context);
    const urls = [file.http, undoing?.http, verifyUrl].filter((one) => one !== undefined);
    return {
      kind: 'http',
      request: requestOf(file, at(node, 'headers'), context),
      ...(undoing?.http !== undefined && { undoRequest: requestOf(undoing, at(node, 'undo', 'headers'), context) }),
      ...(verifyUrl !== undefined && { verifyUrl }),
      reach: reachOf(urls, service, context),
    };
  },
});

/** What `verify` says is a URL here, while beside exec it is a program. */
function verifyUrlOf(node: Node | undefined, context: Context): string | undefined {
  if (node === undefined) return undefined;
  const read = url.safeParse(plain(node));
  if (!read.success)
    context.problems.error(node.place, `is ${shown(node, ['verify'])}; allowed beside http: ${read.error.issues[0]?.message}`);
  return read.data;
}

function requestOf(file: RequestFile, headers: Node | undefined, context: Context): HttpRequest {
  const plainly = Object.entries(file.headers ?? {}).filter((one): one is [string, string] => typeof one[1] === 'string');
  const secretHeaders = secretHeadersOf(headers, context);
  return {
    url: file.http ?? '',
    method: file.method ?? 'POST',
    headers: Object.fromEntries(plainly),
    ...(Object.keys(secretHeaders).length > 0 && { secretHeaders }),
    ...(file.body !== undefined && { body: file.body }),
  };
}

/** Secrets by their names. */
function secretHeadersOf(headers: Node | undefined, context: Context): Record<string, SecretHeader> {
  const secrets: Record<string, SecretHeader> = {};
  for (const [header, { node }] of headers?.kind === 'map' ? headers.entries : []) {
    const bearer = at(node, 'bearer');
    if (node.kind === 'map') {
      const secret = secretNamed(bearer ?? at(node, 'secret'), context);
      if (secret !== undefined) secrets[header] = { secret, ...(bearer !== undefined && { scheme: 'Bearer' }) };
    }
  }
  return secrets;
}
