import type pg from 'pg';
import type { RightState } from '../../domain/right.js';
import { identifier, type Grant } from './grants.js';

/** What a role has beyond these grants, apart from what stands in the role itself. */
export async function beyond(session: pg.Client, here: readonly Grant[], elsewhere: readonly Grant[]): Promise<RightState[]> {
  return [
    ...(await parametersBeyond(session, [...here, ...elsewhere])),
    ...(await functionsBeyond(session, here)),
    ...(await ownedBeyond(session, here)),
  ];
}

export const excess = (sentence: string, revoke?: string): RightState => ({ kind: 'tooMuch', sentence, ...(revoke && { revoke }) });

/** To alter one parameter can be enough to run programs: archive_command, say. They belong to the whole server. */
async function parametersBeyond(session: pg.Client, grants: readonly Grant[]): Promise<RightState[]> {
  const needed = grants.flatMap((grant) => (grant.kind === 'alterSystem' ? [grant.parameter.toLowerCase()] : []));
  // Before PostgreSQL 15 nobody but superusers could have any.
  const { rows: known } = await session.query(`select where to_regclass('pg_catalog.pg_parameter_acl') is not null`);
  if (known.length === 0) return [];
  const { rows } = await session.query<{ role: string; grant: string }>(
    `select current_user as role, lower(a.privilege_type) || ' on parameter ' || p.parname || ' from ' ||
            case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as grant
       from pg_parameter_acl p cross join aclexplode(p.paracl) a
      where case a.grantee when 0 then true else pg_has_role(a.grantee, 'member') end
        and not (a.privilege_type = 'ALTER SYSTEM' and p.parname = any ($1))
      order by 2`,
    [needed],
  );
  return rows.map(({ role, grant }) => excess(`${identifier(role)} may ${grant.replace(/ from .*$/, '')}`, `revoke ${grant};`));
}

/** Functions of the server's own that not everybody may call: most read files or act on the server. */
async function functionsBeyond(session: pg.Client, grants: readonly Grant[]): Promise<RightState[]> {
  const needed = grants.flatMap((grant) => (grant.kind === 'execute' ? [grant.routine] : []));
  const { rows } = await session.query<{ role: string; routine: string }>(
    `select r.rolname as role, p.oid::regprocedure::text as routine
       from pg_roles r cross join pg_proc p cross join aclexplode(p.proacl) a
      where r.rolname = current_user and a.grantee = r.oid and p.pronamespace = 'pg_catalog'::regnamespace
        and not has_function_privilege('public', p.oid, 'execute') and not p.oid::regprocedure::text = any ($1)
      order by 2`,
    [needed],
  );
  return rows.map(({ role, routine }) =>
    excess(`${identifier(role)} may execute function ${routine}`, `revoke execute on function ${routine} from ${identifier(role)};`),
  );
}

/** Before PostgreSQL 17 a table is vacuumed by its owner alone. */
async function ownedBeyond(session: pg.Client, grants: readonly Grant[]): Promise<RightState[]> {
  const needed = grants.flatMap((grant) => (grant.kind === 'maintain' ? [grant.table] : []));
  const { rows } = await session.query<{ role: string; owned: string[] }>(
    `select r.rolname as role, array_agg(pg_describe_object(d.classid, d.objid, d.objsubid) order by 1) as owned
       from pg_roles r join pg_shdepend d on d.refclassid = 'pg_authid'::regclass and d.refobjid = r.oid
      where r.rolname = current_user and d.deptype = 'o'
        and d.dbid in (0, (select oid from pg_database where datname = current_database()))
        and not (current_setting('server_version_num')::int < 170000 and d.classid = 'pg_class'::regclass
                 and exists (select from unnest($1::text[]) as named where to_regclass(named) = d.objid))
      group by r.rolname`,
    [needed],
  );
  return rows.map(({ role, owned }) => excess(`${identifier(role)} owns ${shortened(owned)}`));
}

const shortened = (names: readonly string[]): string =>
  names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;
