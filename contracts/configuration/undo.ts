import type { UndoClass } from '../../domain/service.js';
import type { Context } from './context.js';
import { type Kind, type WholeFile, kinds } from './correction-kinds.js';
import { type Node, at } from './tree.js';

/** What undoing means is a fact of the action; only programs and requests may say it themselves. */
export function undoDefault(kind: Kind, statement: unknown): UndoClass {
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

/** The undo class, and a complaint where the file claims another one than the action has. */
export function undoOf(kind: Kind, file: WholeFile, node: Node, context: Context): UndoClass {
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
  // What their providers will be able to undo is not known yet, and nothing is done meanwhile.
  if (kind === 'kubernetes' || kind === 'systemd') return file.undo;
  const fact = undoDefault(kind, file.postgres);
  if (kind !== 'exec' && kind !== 'http')
    return file.undo === fact ? fact : refuse(`says ${file.undo}, but ${kinds[kind].main} ${fact}; allowed: leave it out`);
  if (file.undo === 'restores')
    return refuse(`says restores without saying how; allowed: {${kind}: ...}, nothingToRestore, loses, irreversible`);
  return file.undo;
}
