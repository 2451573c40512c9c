import type pg from 'pg';
import { isError, noTable } from './errors.js';
import type { PostgresAction } from './statement.js';

/** One right that hale's role needs in PostgreSQL. */
export type Grant =
  | { readonly kind: 'member'; readonly of: string }
  | { readonly kind: 'attribute'; readonly name: 'replication' }
  | { readonly kind: 'alterSystem'; readonly parameter: string }
  | { readonly kind: 'execute'; readonly routine: string }
  | { readonly kind: 'select'; readonly relation: string }
  /** From PostgreSQL 17 on; before that the role has to own the table. */
  | { readonly kind: 'maintain'; readonly table: string };

const see: Grant = { kind: 'member', of: 'pg_monitor' };
const signal: Grant = { kind: 'member', of: 'pg_signal_backend' };

/** What each statement needs, and no more. */
export const grantsFor: Readonly<Record<PostgresAction['statement'], (action: PostgresAction) => readonly Grant[]>> = {
  terminateRootBlocker: () => [see, signal],
  cancelQuery: () => [see, signal],
  endOldSnapshots: () => [see, signal],
  vacuum: ({ table = '' }) => [see, { kind: 'maintain', table }],
  setting: ({ setting }) => [
    see,
    { kind: 'alterSystem', parameter: setting?.name ?? '' },
    { kind: 'execute', routine: 'pg_reload_conf()' },
    { kind: 'execute', routine: 'pg_show_all_file_settings()' },
    { kind: 'select', relation: 'pg_file_settings' },
  ],
  dropSlot: () => [{ kind: 'attribute', name: 'replication' }],
};

/** The SQL that an administrator runs; names are quoted. */
export function grantSql(grant: Grant, role: string): string {
  const to = identifier(role);
  switch (grant.kind) {
    case 'member':
      return `grant ${grant.of} to ${to}`;
    case 'attribute':
      return `alter role ${to} ${grant.name}`;
    case 'alterSystem':
      return `grant alter system on parameter ${identifier(grant.parameter)} to ${to}`;
    case 'execute':
      return `grant execute on function ${grant.routine} to ${to}`;
    case 'select':
      return `grant select on ${grant.relation} to ${to}`;
    case 'maintain':
      return `grant maintain on table ${tableOf(grant.table)} to ${to}`;
  }
}

/** A name as SQL takes it. */
export const identifier = (name: string): string => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`);

/** A table as the configuration names it: what stands in double quotes stays, and without them capitals are small letters. */
const tableOf = (table: string): string =>
  (table.match(/"(?:[^"]|"")+"|[^".]+/g) ?? []).map((part) => (part.startsWith('"') ? part : identifier(part.toLowerCase()))).join('.');

/** What is still to be granted, as the SQL to run. */
export async function missingGrants(session: pg.Client, action: PostgresAction): Promise<string[]> {
  const missing: string[] = [];
  for (const grant of grantsFor[action.statement](action))
    if ((await hasGrant(session, grant)) === false) missing.push(grantSql(grant, action.connection.user));
  return missing;
}

/** Unknown for what does not exist, in this version or at all: that is for the statement to say. */
export async function hasGrant(session: pg.Client, grant: Grant): Promise<boolean | null> {
  const [sql, name] = questionOf(grant);
  const { rows } = await session.query<{ has: boolean | null }>(`select ${sql} as has`, [name]).catch(unknownIfAbsent);
  return rows[0]?.has ?? null;
}

function unknownIfAbsent(error: unknown): { rows: { has: boolean | null }[] } {
  if (isError(error, ...noTable, 'undefinedObject', 'undefinedFunction', 'invalidParameterValue')) return { rows: [] };
  throw error;
}

function questionOf(grant: Grant): readonly [string, string] {
  switch (grant.kind) {
    case 'member':
      return [`pg_has_role($1, 'usage')`, grant.of];
    case 'attribute':
      return ['(select rolreplication or rolsuper from pg_roles where rolname = current_user and $1::text is not null)', grant.name];
    case 'alterSystem':
      return [`(select has_parameter_privilege(name, 'alter system') from pg_settings where lower(name) = lower($1))`, grant.parameter];
    case 'execute':
      return [`has_function_privilege($1, 'execute')`, grant.routine];
    case 'select':
      return [`has_table_privilege($1, 'select')`, grant.relation];
    case 'maintain':
      return [
        `(select pg_has_role(c.relowner, 'usage') or has_table_privilege(c.oid, 'maintain') from pg_class c where c.oid = to_regclass($1))`,
        grant.table,
      ];
  }
}
