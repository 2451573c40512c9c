import { TargetRefused } from '../../domain/failure.js';
import type { Image } from '../../domain/effect.js';
import { backendColumns, demandSight, hasHappened, isAlive, mayBeEnded, sentenceOf, spared, until, type Backend } from './backends.js';
import type { Statement } from './statement.js';

/**
 * Who waits for whom, followed to those who wait for nobody. `pg_blocking_pids` counts those ahead in the queue as well, so
 * that a whole queue behind one session has that session as its only root.
 */
const queues = `waiting as materialized (
    select w.pid, blocker from pg_stat_activity w, unnest(pg_blocking_pids(w.pid)) as blocker where w.wait_event_type = 'Lock'
  ), behind (root, pid) as (
    select blocker, pid from waiting where blocker not in (select pid from waiting)
    union
    select behind.root, waiting.pid from behind join waiting on waiting.blocker = behind.pid
  )`;

interface Root extends Backend {
  readonly waiting: number;
  readonly endable: boolean;
  readonly old: boolean;
}

/** What the session is in: its transaction, or where a lock outlives those, its last query. */
const since = 'coalesce(a.xact_start, a.query_start)';

/** Ends the session that all others wait for, if it has sat there long enough; ending those that wait would change nothing. */
export const terminateRootBlocker: Statement = {
  look: async (session, action) => {
    await demandSight(session);
    const { rows } = await session.query<Root>(
      `with recursive ${queues}
       select ${backendColumns}, count(*)::int as waiting, coalesce(bool_and(${mayBeEnded}), false) as endable,
              coalesce(${since} <= clock_timestamp() - make_interval(secs => $3), false) as old
         from behind join pg_stat_activity a on a.pid = behind.root
        group by a.pid, a.backend_start, a.usename, a.application_name, a.state, a.xact_start, a.query_start
        order by endable desc, old desc, waiting desc, a.xact_start`,
      [...spared(action), action.olderThanMs / 1000],
    );
    return imageOf(rows[0], action.olderThanMs);
  },
  examine: async (_session, _action, { identity, content, summary }) =>
    identity === 'none'
      ? { applicable: false, reason: summary }
      : { applicable: true, evidence: summary, changedAt: Date.parse(String(content.since)) },
  act: async (session, call) => {
    const { pid, started, since: begun } = call.before.content;
    await call.permit();
    const { rows } = await session.query<{ sent: boolean }>(
      `with recursive ${queues}, target as materialized (
         select a.pid from pg_stat_activity a
          where ${mayBeEnded} and a.pid = $3 and a.backend_start = $4::timestamptz and ${since} = $5::timestamptz
            and a.pid in (select root from behind))
       select pg_terminate_backend(pid) as sent from target`,
      [...spared(call.action), pid, started, begun],
    );
    if (rows[0]?.sent !== true)
      throw new TargetRefused(`session ${String(pid)} is gone, in another transaction, or blocks nobody any more`);
    await until(async () => !(await isAlive(session, call.before)));
  },
  readBack: async (session, _action, before) =>
    before.identity === 'none' ? 'notApplied' : hasHappened(async () => !(await isAlive(session, before))),
};

function imageOf(root: Root | undefined, olderThanMs: number): Image {
  if (root === undefined) return { identity: 'none', summary: 'no session waits for another', content: {} };
  const summary = `${sentenceOf(root)} blocks ${root.waiting} others`;
  const none = (why: string): Image => ({ identity: 'none', summary: `${summary}, but ${why}`, content: {} });
  if (!root.endable) return none('is spared');
  if (!root.old) return none(`for less than ${olderThanMs / 1000}s`);
  const { pid, started, since: begun } = root;
  return { identity: `${pid}@${started}#${begun}`, summary, content: { pid, started, since: begun } };
}
