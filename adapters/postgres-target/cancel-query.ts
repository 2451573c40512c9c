import { TargetRefused } from '../../domain/failure.js';
import type { Image } from '../../domain/effect.js';
import { backendColumns, demandSight, hasHappened, mayBeEnded, sentenceOf, spared, until, type Backend } from './backends.js';
import type { Statement } from './statement.js';
import type pg from 'pg';

interface Query extends Backend {
  readonly began: string;
  readonly verb: string;
}

const began = `to_char(a.query_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

/** Cancels the query that runs longest; its session lives on. The text of a query may hold secrets: only its verb is shown. */
export const cancelQuery: Statement = {
  look: async (session, action) => {
    await demandSight(session);
    const { rows } = await session.query<Query>(
      `select ${backendColumns}, ${began} as began, coalesce(substring(a.query from '^\\s*([A-Za-z]+)'), 'query') as verb from pg_stat_activity a
        where ${mayBeEnded} and a.state = 'active' and a.query_start <= clock_timestamp() - make_interval(secs => $3)
        order by a.query_start limit 1`,
      [...spared(action), action.olderThanMs / 1000],
    );
    return imageOf(rows[0], action.olderThanMs);
  },
  examine: async (_session, _action, { identity, content, summary }) =>
    identity === 'none'
      ? { applicable: false, reason: summary }
      : { applicable: true, evidence: summary, changedAt: Date.parse(String(content.began)) },
  act: async (session, call) => {
    const { pid, started, began: begun } = call.before.content;
    await call.permit();
    const { rows } = await session.query<{ sent: boolean }>(
      `with target as materialized (
         select a.pid from pg_stat_activity a where ${mayBeEnded} and a.state = 'active'
            and a.pid = $3 and a.backend_start = $4::timestamptz and a.query_start = $5::timestamptz)
       select pg_cancel_backend(pid) as sent from target`,
      [...spared(call.action), pid, started, begun],
    );
    if (rows[0]?.sent !== true) throw new TargetRefused(`the query of session ${String(pid)} has ended already`);
    await until(async () => !(await isRunning(session, call.before)));
  },
  readBack: async (session, _action, before) =>
    before.identity === 'none' ? 'notApplied' : hasHappened(async () => !(await isRunning(session, before))),
};

async function isRunning(session: pg.Client, { content }: Image): Promise<boolean> {
  const { rowCount } = await session.query(
    `select from pg_stat_activity
      where state = 'active' and pid = $1 and backend_start = $2::timestamptz and query_start = $3::timestamptz`,
    [content.pid, content.started, content.began],
  );
  return rowCount === 1;
}

function imageOf(query: Query | undefined, olderThanMs: number): Image {
  if (query === undefined) return { identity: 'none', summary: `no query runs for ${olderThanMs / 1000}s or longer`, content: {} };
  const { pid, started } = query;
  return {
    identity: `${pid}@${started}#${query.began}`,
    summary: `${query.verb} of ${sentenceOf(query)} runs since ${query.began}`,
    content: { pid, started, began: query.began },
  };
}
