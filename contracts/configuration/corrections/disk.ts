import { z } from 'zod';
import { reopenSignals } from '../../../domain/machine.js';
import { placeOf } from '../machines.js';
import { choice, count, machineWord, size } from '../scalars.js';
import { target } from '../signal-file.js';
import { at, textOf } from '../tree.js';
import { correctionKind, olderThan, on, onlyIf } from './kind.js';

const underError = 'a list of 1 to 10 folders of logs, each once, such as [/var/log/shop]; an empty list selects nothing';
const systemFolders = /^\/(etc|usr|bin|sbin|lib(x?32|64)?|boot|dev|proc|sys)(\/|$)|^\/[^/]*$/;

export const disk = correctionKind({
  main: 'disk',
  keys: {
    disk: choice('truncateLogs', 'reopenLogs').optional().describe('Empties large logs, or has deleted ones let go of'),
    under: z
      .array(
        machineWord('path').refine((folder) => !systemFolders.test(folder), {
          error: 'a folder of logs such as /var/log/shop, none of the system',
        }),
        { error: underError },
      )
      .min(1, { error: underError })
      .max(10, { error: underError })
      .refine((folders) => new Set(folders).size === folders.length, { error: underError })
      .optional()
      .describe('Only files in these folders'),
    atLeast: size.optional().describe('Only files at least this large'),
    olderThan,
    files: count(1, 100).optional().describe('At most so many at once, the largest first'),
    signal: choice(...reopenSignals)
      .optional()
      .describe('What tells the program to open its logs anew'),
    target: target.optional(),
    onlyIf,
    on,
  },
  defaults: () => ({ atLeast: '100MB', files: 10 }),
  undo: (written) => (textOf(at(written, 'disk')) === 'truncateLogs' ? 'loses' : 'nothingToRestore'),
  action: ({ disk: command, under, atLeast = 0, olderThan: least = 0, files = 1, signal }, where) => {
    const { node, context } = where;
    const place = placeOf(where);
    if (under === undefined) context.problems.error(node.place, `names no folder; allowed: under: ${underError}`);
    const isReopening = command === 'reopenLogs';
    if (isReopening && signal === undefined)
      context.problems.error(
        node.place,
        `names no signal; allowed: signal: one of ${reopenSignals.join(', ')}, as the program understands it`,
      );
    if (!isReopening && signal !== undefined)
      context.problems.error(at(node, 'signal')?.place, 'means nothing beside truncateLogs; allowed: leave it out');
    if (isReopening && least > 0)
      context.problems.error(at(node, 'olderThan')?.place, 'means nothing beside reopenLogs; allowed: leave it out');
    if (place === undefined || command === undefined || under === undefined) return undefined;
    return {
      kind: 'disk',
      command,
      under,
      atLeastBytes: atLeast,
      olderThanMs: least,
      filesMax: files,
      ...(signal && { signal }),
      ...(place.machine && { machine: place.machine }),
    };
  },
});
