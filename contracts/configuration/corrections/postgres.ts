import { z } from 'zod';
import { connectionOf } from '../context.js';
import { choice, duration, text } from '../scalars.js';
import { target } from '../signal-file.js';
import { at, textOf } from '../tree.js';
import { correctionKind } from './kind.js';

export const postgres = correctionKind({
  main: 'postgres',
  keys: {
    postgres: choice('terminateRootBlocker', 'cancelQuery', 'vacuum').optional(),
    target: target.optional(),
    spare: z.strictObject({ users: z.array(text).optional(), applications: z.array(text).optional() }).optional(),
    olderThan: duration('1s', '30d').optional(),
    table: text.optional(),
  },
  defaults: () => ({ spare: { users: [], applications: [] }, olderThan: '1m' }),
  undo: (written) => (textOf(at(written, 'postgres')) === 'terminateRootBlocker' ? 'loses' : 'nothingToRestore'),
  action: ({ postgres: statement, spare, olderThan, table }, { node, service, context }) => {
    const connection = connectionOf(at(node, 'target') ?? at(service, 'target'), node, context);
    if (statement === 'vacuum' && (table === undefined || table.includes('*')))
      context.problems.error(
        (at(node, 'table') ?? node).place,
        'names no table; allowed: table: schema.name (an empty selector selects nothing)',
      );
    if (connection === undefined || statement === undefined) return undefined;
    return {
      kind: 'postgres',
      connection,
      statement,
      spare: { users: spare?.users ?? [], applications: spare?.applications ?? [] },
      olderThanMs: olderThan ?? 60_000,
      ...(table !== undefined && { table }),
    };
  },
});
