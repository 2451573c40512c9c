import { absolutePath } from '../scalars.js';
import { correctionKind, onlyIf, restore, then } from './kind.js';

export const release = correctionKind({
  main: 'release',
  keys: { release: absolutePath.optional().describe('Points this symlink to another release'), restore, then, onlyIf },
  defaults: () => ({ restore: 'lastGood' }),
  undo: () => 'restores',
  action: (file) => ({
    kind: 'release',
    link: file.release ?? '',
    restore: file.restore ?? 'lastGood',
    ...(file.then && { then: file.then }),
  }),
});
