import { formatDuration } from '../../../domain/duration.js';
import { duration, parseDuration } from '../scalars.js';
import { at, textOf } from '../tree.js';
import { correctionKind } from './kind.js';

/** Waiting changes nothing, so that it needs no permission unless somebody wrote that it does. */
export const wait = correctionKind({
  main: 'for',
  keys: { for: duration('1s', '1h').optional().describe('Waits; beside alertmanager, how long the silence lasts') },
  mode: 'act',
  defaults: (written) => ({
    repeatable: true,
    cooldown: '0s',
    timeout: formatDuration((parseDuration(textOf(at(written, 'for')) ?? '') ?? 0) + 5000),
  }),
  undo: () => 'nothingToRestore',
  action: (file) => ({ kind: 'wait', forMs: file.for ?? 0 }),
});
