import { text } from '../scalars.js';
import { correctionKind, on, onlyIf, through } from './kind.js';

/** Kinds that the file may name and this version can't do; inactive.ts tells people. */
export const kubernetes = correctionKind({
  main: 'kubernetes',
  keys: { kubernetes: text.optional(), onlyIf, on, through },
  action: () => ({ kind: 'inactive', provider: 'kubernetes' }),
});
