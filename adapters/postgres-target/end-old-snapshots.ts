import type pg from 'pg';
import { TargetRefused } from '../../domain/failure.js';
import type { Image } from '../../domain/effect.js';
import { backendColumns, demandSight, hasHappened, mayBeEnded, sentenceOf, spared, until, type Backend } from './backends.js';
import type { Statement } from './statement.js';

/** One session in one of its transactions. */
interface Holder {
  readonly pid: number;
  readonly started: string;
  readonly since: string;
}

/** Those that are ended at once: the oldest hold back the most. */
const atOnce = 20;

/**
 * In a transaction for as long ($3, in seconds), and doing nothing there or keeping a snapshot. Of this database alone: a
 * snapshot in another one keeps no rows of this.
 */
const holdsOn = `a.datname = current_database() and a.xact_start <= clock_timestamp() - make_interval(secs => $3)
  and (a.backend_xmin is not null or (a.state like 'idle in transaction%' and a.state_change <= clock_timestamp() - make_interval(secs => $3)))`;

/** Still in that very transaction; parameters $n and the two after it are parallel arrays. */
const named = (n: number): string =>
  `(a.pid, a.backend_start, a.xact_start) in (select * from unnest($${n}::int[], $${n + 1}::timestamptz[], $${n + 2}::timestamptz[]))`;

/** Ends sessions whose old transactions keep dead rows from being removed, and locks from being given back. */
export const endOldSnapshots: Statement = {
  look: async (session, action) => {
    await demandSight(session);
    const { rows } = await session.query<Backend>(
      `select ${backendColumns} from pg_stat_activity a where ${mayBeEnded} and ${holdsOn} order by a.xact_start limit ${atOnce}`,
      [...spared(action), action.olderThanMs / 1000],
    );
    return imageOf(rows, action.olderThanMs);
  },
  examine: async (_session, _action, { identity, summary, content }) =>
    identity === 'none'
      ? { applicable: false, reason: summary }
      : { applicable: true, evidence: summary, changedAt: Date.parse(holdersOf(content)[0]?.since ?? '') },
  act: async (session, call) => {
    await call.permit();
    const { rows } = await session.query<{ sent: boolean }>(
      `with target as materialized (
         select a.pid from pg_stat_activity a where ${mayBeEnded} and ${named(3)})
       select pg_terminate_backend(pid) as sent from target`,
      [...spared(call.action), ...columnsOf(call.before)],
    );
    if (rows.length === 0) throw new TargetRefused('none of these transactions lasts any more');
    await until(async () => (await remaining(session, call.before)) === 0);
  },
  readBack: async (session, _action, before) => {
    const all = holdersOf(before.content).length;
    if (all === 0) return 'notApplied';
    if ((await hasHappened(async () => (await remaining(session, before)) === 0)) === 'applied') return 'applied';
    const left = await remaining(session, before);
    return left < all ? { left: `${left} of ${all} sessions` } : 'notApplied';
  },
};

async function remaining(session: pg.Client, before: Image): Promise<number> {
  const { rowCount } = await session.query(`select from pg_stat_activity a where ${named(1)}`, columnsOf(before));
  return rowCount ?? 0;
}

const holdersOf = (content: Image['content']): readonly Holder[] => (content.holders ?? []) as readonly Holder[];

function columnsOf({ content }: Image): [number[], string[], string[]] {
  const holders = holdersOf(content);
  return [holders.map(({ pid }) => pid), holders.map(({ started }) => started), holders.map(({ since }) => since)];
}

function imageOf(backends: readonly Backend[], olderThanMs: number): Image {
  if (backends.length === 0)
    return {
      identity: 'none',
      summary: `no transaction in this database is older than ${olderThanMs / 1000}s, but for those spared`,
      content: {},
    };
  const holders = backends.map(({ pid, started, since }) => ({ pid, started, since }));
  return {
    identity: holders.map(({ pid, started, since }) => `${pid}@${started}#${since}`).join(' '),
    summary: `${backends.length} old ${backends.length === 1 ? 'transaction' : 'transactions'}: ${backends.map(sentenceOf).join('; ')}`,
    content: { holders },
  };
}
