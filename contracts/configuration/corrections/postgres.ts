import { z } from 'zod';
import { refusedSetting } from '../../../domain/postgres-setting.js';
import { postgresStatements, type PostgresStatement, type UndoClass } from '../../../domain/service.js';
import { connectionOf } from '../context.js';
import { choice, settingName, size, slotName, tableName, text } from '../scalars.js';
import { target } from '../signal-file.js';
import { type Node, at, keysOf, textOf } from '../tree.js';
import { correctionKind, olderThan, type Where } from './kind.js';

const undoClasses: Readonly<Record<PostgresStatement, UndoClass>> = {
  terminateRootBlocker: 'loses',
  cancelQuery: 'nothingToRestore',
  vacuum: 'nothingToRestore',
  endOldSnapshots: 'loses',
  setting: 'restores',
  dropSlot: 'irreversible',
};

const ending: readonly PostgresStatement[] = ['terminateRootBlocker', 'cancelQuery', 'endOldSnapshots'];

/** Keys that only some statements have; beside the others they would be silently without effect. */
const ownKeys: Readonly<Record<string, readonly PostgresStatement[]>> = {
  spare: ending,
  olderThan: [...ending, 'vacuum', 'dropSlot'],
  table: ['vacuum'],
  name: ['setting'],
  value: ['setting'],
  slot: ['dropSlot'],
  retains: ['dropSlot'],
};

const valueError = 'a value as postgresql.conf has it, such as 64MB';
const DAY = '1d';
const GIGABYTE = '1GB';

export const postgres = correctionKind({
  main: 'postgres',
  keys: {
    postgres: choice(...postgresStatements).optional(),
    target: target.optional(),
    spare: z.strictObject({ users: z.array(text).optional(), applications: z.array(text).optional() }).optional(),
    olderThan,
    table: tableName.optional().describe('The table that is vacuumed'),
    name: settingName.optional().describe('The setting that is changed'),
    value: z.union([text, z.number().transform(String), z.boolean().transform(String)], { error: valueError }).optional(),
    slot: slotName.optional().describe('The replication slot that is dropped once nobody reads it'),
    retains: size.optional().describe('The slot is dropped only while it keeps more WAL than this'),
  },
  defaults: (written) => {
    const statement = statementOf(written) ?? 'cancelQuery';
    return {
      ...(ownKeys.spare?.includes(statement) && { spare: { users: [], applications: [] } }),
      ...(ownKeys.olderThan?.includes(statement) && { olderThan: statement === 'dropSlot' ? DAY : '1m' }),
      ...(statement === 'dropSlot' && { retains: GIGABYTE }),
    };
  },
  undo: (written) => undoClasses[statementOf(written) ?? 'cancelQuery'],
  action: ({ postgres: statement, spare, olderThan: least, table, name, value, slot, retains }, where) => {
    const connection = connectionOf(at(where.node, 'target') ?? at(where.service, 'target'), where.node, where.context);
    if (statement !== undefined) checkKeys(statement, where);
    if (connection === undefined || statement === undefined) return undefined;
    return {
      kind: 'postgres',
      connection,
      statement,
      spare: { users: spare?.users ?? [], applications: spare?.applications ?? [] },
      olderThanMs: least ?? 60_000,
      ...(table !== undefined && { table }),
      ...(name !== undefined && value !== undefined && { setting: { name, value } }),
      ...(slot !== undefined && { slot: { name: slot, retainsBytes: retains ?? 0 } }),
    };
  },
});

const statementOf = (written: Node): PostgresStatement | undefined =>
  postgresStatements.find((one) => one === textOf(at(written, 'postgres')));

function checkKeys(statement: PostgresStatement, { node, context: { problems } }: Where): void {
  const need = (key: string, sentence: string) => {
    if (ownKeys[key]?.includes(statement) && at(node, key) === undefined) problems.error(node.place, sentence);
  };
  need('table', 'names no table; allowed: table: schema.name (an empty selector selects nothing)');
  need('name', 'names no setting; allowed: name: work_mem, value: 64MB');
  need('slot', 'names no slot; allowed: slot: NAME of one replication slot (an empty selector selects nothing)');
  if (statement === 'setting' && at(node, 'value') === undefined) problems.error(node.place, `needs a value; allowed: ${valueError}`);
  for (const [key, statements] of Object.entries(ownKeys))
    if (keysOf(node).includes(key) && !statements.includes(statement))
      problems.error(at(node, key)?.place, `means nothing beside postgres: ${statement}; allowed beside ${statements.join(', ')}`);
  const name = textOf(at(node, 'name'));
  const why = name === undefined ? undefined : refusedSetting(name);
  if (why !== undefined)
    problems.error(at(node, 'name')?.place, `is ${name}, which hale never changes: ${why}; allowed: such as work_mem, autovacuum_naptime`);
}
