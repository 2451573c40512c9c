import { absolutePath } from '../scalars.js';
import { at } from '../tree.js';
import { correctionKind, onlyIf, restore, then } from './kind.js';

export const file = correctionKind({
  main: 'file',
  keys: { file: absolutePath.optional().describe('Puts the last good content of this file back'), restore, then, onlyIf },
  defaults: () => ({ restore: 'lastGood' }),
  undo: () => 'restores',
  action: ({ file: path = '', then: afterwards, restore: wanted }, { node, context }) => {
    if (wanted === 'previous')
      context.problems.error(at(node, 'restore')?.place, 'is previous; allowed beside file: lastGood (previous is for release)');
    return { kind: 'file', path, restore: 'lastGood', ...(afterwards && { then: afterwards }) };
  },
});
