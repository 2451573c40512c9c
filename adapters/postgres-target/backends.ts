import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Image } from '../../domain/effect.js';
import type { PostgresAction } from './statement.js';

/** A session of the target's, as one row of pg_stat_activity. Times are UTC text with microseconds, which dates would lose. */
export interface Backend {
  readonly pid: number;
  readonly started: string;
  readonly user: string;
  readonly application: string;
  readonly state: string;
  readonly since: string;
}

const utc = (column: string): string => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

/** Columns of `Backend`, from pg_stat_activity named `a`. `since`: begin of its transaction, or of its last query. */
export const backendColumns = `a.pid, ${utc('a.backend_start')} as started, a.usename::text as user,
  a.application_name as application, a.state, ${utc('coalesce(a.xact_start, a.query_start)')} as since`;

/**
 * Who may be ended: people's and programs' sessions only (no WAL sender, no autovacuum), never hale's own, never a spared
 * user or application, and no superuser's unless hale is one itself: PostgreSQL would refuse. Parameters $1: users, $2: applications.
 */
export const mayBeEnded = `a.backend_type = 'client backend' and a.pid <> pg_backend_pid() and a.application_name <> 'hale'
  and a.usename <> all($1::text[]) and a.application_name <> all($2::text[])
  and (not (select r.rolsuper from pg_roles r where r.oid = a.usesysid) or (select r.rolsuper from pg_roles r where r.rolname = current_user))`;

export const spared = ({ spare }: PostgresAction): [readonly string[], readonly string[]] => [spare.users, spare.applications];

export const sentenceOf = ({ pid, user, application, state, since }: Backend): string =>
  `session ${pid} (user ${user}, application ${application === '' ? '-' : application}, ${state}, since ${since})`;

/** Without pg_monitor all other sessions look idle, and nothing would ever be found. */
export async function demandSight(session: pg.Client): Promise<void> {
  const { rows } = await session.query<{ sees: boolean; role: string }>(
    `select pg_has_role('pg_read_all_stats', 'usage') as sees, current_user::text as role`,
  );
  const { sees, role } = rows[0] ?? { sees: false, role: 'hale' };
  if (!sees) throw new Error(`role ${role} may not see other sessions: grant pg_monitor, pg_signal_backend to ${role}`);
}

export const isAlive = async (session: pg.Client, { content }: Image): Promise<boolean> => {
  const { rowCount } = await session.query('select from pg_stat_activity where pid = $1 and backend_start = $2::timestamptz', [
    content.pid,
    content.started,
  ]);
  return rowCount === 1;
};

const lookAgainMs = 20;
const onItsWayMs = 500;

/** A signal is an order, not its execution. Ends with the session's time limit when the order is never carried out. */
export async function until(happened: () => Promise<boolean>): Promise<void> {
  while (!(await happened())) await sleep(lookAgainMs);
}

/** Whether it has happened; an order whose answer was lost a moment ago may still be on its way. */
export async function hasHappened(happened: () => Promise<boolean>): Promise<'applied' | 'notApplied'> {
  for (let waitedMs = 0; waitedMs < onItsWayMs; waitedMs += lookAgainMs) {
    if (await happened()) return 'applied';
    await sleep(lookAgainMs);
  }
  return 'notApplied';
}
