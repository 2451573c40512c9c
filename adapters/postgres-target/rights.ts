import type pg from 'pg';
import type { SqlConnection } from '../../domain/service.js';
import type { Patience, RightState } from '../../domain/right.js';
import { beyond, excess } from './beyond.js';
import { grantsFor, grantSql, hasGrant, identifier, type Grant } from './grants.js';
import { inSession } from './session.js';
import type { PostgresAction } from './statement.js';

/**
 * What the role of one connection is granted of what these actions need, and what it is that nothing needs. Asks in one session.
 * @param all the actions in other databases too, since roles belong to the whole server
 */
export async function rightsInPostgres(
  actions: readonly [PostgresAction, ...PostgresAction[]],
  patience: Patience,
  all: readonly PostgresAction[],
): Promise<readonly RightState[]> {
  const { connection } = actions[0];
  const grants = new Map(grantsOf(actions).map((grant) => [`${grantSql(grant, connection.user)};`, grant]));
  const elsewhere = all.filter((one) => isSameRole(one.connection, connection) && one.connection.database !== connection.database);
  return inSession(connection, patience, async (session) => {
    const states: RightState[] = [];
    const known: Grant[] = [];
    for (const [line, grant] of grants) {
      const has = await hasGrant(session, grant);
      states.push(stateOf(line, grant, has));
      // What a name in the configuration does not lead to must not be asked about again.
      if (has !== null) known.push(grant);
    }
    return [...states, ...(await tooMuch(session, known, grantsOf(elsewhere)))];
  });
}

const grantsOf = (actions: readonly PostgresAction[]): Grant[] => actions.flatMap((action) => grantsFor[action.statement](action));

const isSameRole = (one: SqlConnection, other: SqlConnection): boolean =>
  one.user === other.user && one.port === other.port && one.hosts.some((host) => other.hosts.includes(host));

function stateOf(line: string, grant: Grant, has: boolean | null): RightState {
  if (has === null) return { kind: 'unknown', line, why: `this server knows no ${thingOf(grant)}, or is too old for it` };
  return { kind: has ? 'granted' : 'missing', line };
}

function thingOf(grant: Grant): string {
  switch (grant.kind) {
    case 'member':
      return `role ${grant.of}`;
    case 'attribute':
      return `attribute ${grant.name}`;
    case 'alterSystem':
      return `parameter ${grant.parameter} (key name)`;
    case 'execute':
      return `function ${grant.routine}`;
    case 'select':
      return `relation ${grant.relation}`;
    case 'maintain':
      return `table ${grant.table} (key table)`;
  }
}

interface Role {
  readonly name: string;
  readonly rolsuper: boolean;
  readonly rolcreaterole: boolean;
  readonly rolcreatedb: boolean;
  readonly rolbypassrls: boolean;
  readonly rolreplication: boolean;
  readonly memberships: readonly string[];
  /** Before PostgreSQL 17 a table is vacuumed by its owner alone, so that hale has to be a member of that role. */
  readonly old: boolean;
}

const attributes = {
  rolcreaterole: 'createrole',
  rolcreatedb: 'createdb',
  rolbypassrls: 'bypassrls',
  rolreplication: 'replication',
} as const satisfies Partial<Record<keyof Role, string>>;

async function tooMuch(session: pg.Client, here: readonly Grant[], elsewhere: readonly Grant[]): Promise<RightState[]> {
  const { rows } = await session.query<Role>(
    `select r.rolname as name, r.rolsuper, r.rolcreaterole, r.rolcreatedb, r.rolbypassrls, r.rolreplication, array(
       select g.rolname::text from pg_auth_members m join pg_roles g on g.oid = m.roleid where m.member = r.oid order by 1) as memberships,
       current_setting('server_version_num')::int < 170000 as old
     from pg_roles r where r.rolname = current_user`,
  );
  const [role] = rows;
  if (role === undefined) return [];
  const name = identifier(role.name);
  if (role.rolsuper) return [{ kind: 'tooMuch', sentence: `${name} is a superuser`, revoke: `alter role ${name} nosuperuser;` }];
  const needed = new Set([...here, ...elsewhere].flatMap(wordOf));
  const owners = role.old ? await ownersOf(session, here) : new Set<string>();
  // Whose tables those are that are vacuumed in other databases, nobody can tell here.
  const isOwner = (one: string): boolean => owners.has(one) || (role.old && elsewhere.some(({ kind }) => kind === 'maintain'));
  const has = (Object.keys(attributes) as (keyof typeof attributes)[]).filter((one) => role[one]).map((one) => attributes[one]);
  const isExcess = (one: string): boolean => !needed.has(one);
  return [
    ...has.filter(isExcess).map((one) => excess(`${name} has the attribute ${one}`, `alter role ${name} no${one};`)),
    ...role.memberships
      .filter((one) => isExcess(one) && !isOwner(one))
      .map((one) => excess(`${name} is a member of ${one}`, `revoke ${identifier(one)} from ${name};`)),
    ...(await beyond(session, here, elsewhere)),
  ];
}

const wordOf = (grant: Grant): string[] => (grant.kind === 'member' ? [grant.of] : grant.kind === 'attribute' ? [grant.name] : []);

async function ownersOf(session: pg.Client, grants: readonly Grant[]): Promise<ReadonlySet<string>> {
  const tables = grants.flatMap((grant) => (grant.kind === 'maintain' ? [grant.table] : []));
  const { rows } = await session.query<{ owner: string }>(
    'select pg_get_userbyid(c.relowner) as owner from unnest($1::text[]) as named join pg_class c on c.oid = to_regclass(named)',
    [tables],
  );
  return new Set(rows.map(({ owner }) => owner));
}
