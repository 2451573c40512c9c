import { z } from 'zod';
import { undoClasses, type UndoClass } from '../../../domain/service.js';
import type { Context } from '../context.js';
import { argv, choice, url } from '../scalars.js';
import { type Node, at, textOf } from '../tree.js';
import { headers } from './header.js';
import type { AnyKind } from './kind.js';

export const request = {
  http: url.optional().describe('Sends a request to this URL'),
  method: choice('POST', 'PUT', 'PATCH', 'DELETE').optional(),
  headers: headers.optional(),
  body: z.string().max(20_000).optional(),
};
export type RequestFile = z.output<z.ZodObject<typeof request>>;

const undoError = `${undoClasses.join(', ')}, {exec: [program]} or {http: URL}`;
export const undo = z
  .union([choice(...undoClasses), z.strictObject({ exec: argv.optional(), ...request })], {
    error: undoError,
  })
  .optional();

/** The undo class, and a complaint where the file claims another one than the action has. */
export function undoOf({ main, undo: factOf }: AnyKind, node: Node, context: Context): UndoClass {
  const written = at(node, 'undo');
  const refuse = (sentence: string): UndoClass => {
    context.problems.error(written?.place ?? node.place, sentence);
    return 'irreversible';
  };
  const own = main === 'exec' || main === 'http' ? main : undefined;
  if (written?.kind === 'map') {
    if (own !== undefined && at(written, own) !== undefined) return 'restores';
    const allowed = own === 'http' ? '{http: URL}' : own === 'exec' ? '{exec: [program]}' : 'nothing: hale undoes it itself';
    return refuse(`is no undo for ${main}; allowed: ${allowed}`);
  }
  const claimed = textOf(written) as UndoClass | undefined;
  const fact = factOf?.(node, context);
  if (fact !== undefined)
    return claimed === undefined || claimed === fact ? fact : refuse(`says ${claimed}, but ${main} ${fact}; allowed: leave it out`);
  if (claimed === 'restores' && own !== undefined)
    return refuse(`says restores without saying how; allowed: {${own}: ...}, nothingToRestore, loses, irreversible`);
  return claimed ?? 'irreversible';
}
