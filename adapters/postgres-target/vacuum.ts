import type pg from 'pg';
import { TargetRefused } from '../../domain/failure.js';
import type { Image } from '../../domain/effect.js';
import { backendColumns, demandSight, sentenceOf, type Backend } from './backends.js';
import { isError, noTable, refusedIf } from './errors.js';
import type { PostgresAction, Statement } from './statement.js';

interface Table {
  readonly oid: number;
  readonly name: string;
  readonly dead: string;
  readonly live: string;
  readonly vacuums: string;
}

/** Removes dead rows of one table, when there are some and nobody's old snapshot keeps them. Never `VACUUM FULL`. */
export const vacuum: Statement = {
  look: async (session, action) => imageOf(await tableOf(session, action), action),
  examine: async (session, action, { identity, content, summary }) => {
    if (identity === 'none' || content.dead === '0') return { applicable: false, reason: summary };
    const holder = await snapshotHolder(session, action);
    if (holder === undefined) return { applicable: true, evidence: summary };
    return { applicable: false, reason: `${summary}, but ${holder} may still see them: end that first` };
  },
  act: async (session, call) => {
    const notices: string[] = [];
    session.on('notice', ({ message }) => notices.push(message ?? ''));
    await call.permit();
    const table = await tableOf(session, call.action);
    const now = imageOf(table, call.action);
    if (table === undefined || now.identity !== call.before.identity) throw new TargetRefused(`it changed meanwhile: ${now.summary}`);
    await session.query(`vacuum (analyze) ${table.name}`).catch(refusedIf('lockNotAvailable'));
    // Where it may not vacuum the server only warns, and does nothing.
    if ((await tableOf(session, call.action))?.vacuums === table.vacuums) throw new TargetRefused(notices.join('; '));
  },
  readBack: async (session, action, before) =>
    imageOf(await tableOf(session, action), action).identity === before.identity ? 'notApplied' : 'applied',
};

/** The name comes from the catalogue, quoted by the server; what the configuration says is only a parameter. */
async function tableOf(session: pg.Client, { table = '' }: PostgresAction): Promise<Table | undefined> {
  const result = await session
    .query<Table>(
      `select c.oid, format('%I.%I', n.nspname, c.relname) as name, s.n_dead_tup::text as dead, s.n_live_tup::text as live,
            (s.vacuum_count + s.autovacuum_count)::text as vacuums
       from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_stat_all_tables s on s.relid = c.oid
      where c.oid = to_regclass($1) and c.relkind in ('r', 'm')`,
      [table],
    )
    .catch(noneIfNoName);
  return result?.rows[0];
}

/** `items; drop table items` can't be the name of a table, so there is none of that name. */
function noneIfNoName(error: unknown): undefined {
  if (isError(error, ...noTable)) return undefined;
  throw error;
}

/**
 * Who holds a snapshot older than the configured age: a session, a prepared transaction or a replication slot. What is in
 * another database keeps no rows of this one.
 */
async function snapshotHolder(session: pg.Client, action: PostgresAction): Promise<string | undefined> {
  await demandSight(session);
  const sessions = await session.query<Backend>(
    `select ${backendColumns} from pg_stat_activity a
      where a.backend_xmin is not null and a.pid <> pg_backend_pid() and a.datname = current_database()
        and a.xact_start <= clock_timestamp() - make_interval(secs => $1)
      order by age(a.backend_xmin) desc limit 1`,
    [action.olderThanMs / 1000],
  );
  if (sessions.rows[0] !== undefined) return sentenceOf(sessions.rows[0]);
  const others = await session.query<{ holder: string }>(
    `select 'prepared transaction ' || gid as holder from pg_prepared_xacts
      where database = current_database() and prepared <= clock_timestamp() - make_interval(secs => $1)
      union all
     select 'replication slot ' || slot_name from pg_replication_slots where xmin is not null and not active`,
    [action.olderThanMs / 1000],
  );
  return others.rows[0]?.holder;
}

function imageOf(table: Table | undefined, action: PostgresAction): Image {
  if (table === undefined) return { identity: 'none', summary: `there is no table ${JSON.stringify(action.table ?? '')}`, content: {} };
  const { oid, name, dead, live, vacuums } = table;
  return {
    identity: `${oid} vacuumed ${vacuums} times`,
    summary: `${name} has ${dead} dead rows beside ${live} live ones`,
    content: { name, dead, live, vacuums },
  };
}
