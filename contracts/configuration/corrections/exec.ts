import { argv } from '../scalars.js';
import { at } from '../tree.js';
import { correctionKind, onlyIf, repeatable, through, verify } from './kind.js';
import { undo } from './undo.js';

export const exec = correctionKind({
  main: 'exec',
  keys: { exec: argv.optional().describe('Runs a program; there is no shell'), undo, verify, repeatable, onlyIf, through },
  action: (file, { node, context }) => {
    const undoArgv = typeof file.undo === 'object' ? file.undo.exec : undefined;
    if (typeof file.verify === 'string')
      context.problems.error(
        at(node, 'verify')?.place,
        'is a text; allowed beside exec: a list of program and arguments, such as [/usr/local/bin/was-done]',
      );
    const verifyArgv = Array.isArray(file.verify) ? file.verify : undefined;
    return { kind: 'exec', argv: file.exec ?? [], ...(undoArgv && { undoArgv }), ...(verifyArgv && { verifyArgv }) };
  },
});
