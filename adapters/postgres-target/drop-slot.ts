import type pg from 'pg';
import type { Image } from '../../domain/effect.js';
import { TargetRefused } from '../../domain/failure.js';
import { hasHappened } from './backends.js';
import { refusedIf } from './errors.js';
import type { PostgresAction, Statement } from './statement.js';

interface Slot {
  readonly name: string;
  readonly type: string;
  readonly active: boolean;
  readonly retains: string;
  /** Where its reader stopped; null where it never began. */
  readonly position: string | null;
  /** Since when nobody reads it, and for how long, in seconds; null where the server does not tell. */
  readonly since: string | null;
  readonly idle: number | null;
}

const sinceColumns = `to_char(inactive_since at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as since,
  extract(epoch from clock_timestamp() - inactive_since)::float8 as idle`;
/** Servers before 17 don't tell. */
const sinceUnknown = 'null::text as since, null::float8 as idle';

/** Drops one abandoned replication slot. Whoever read it has to begin from nothing afterwards. */
export const dropSlot: Statement = {
  look: async (session, action) => imageOf(await slotOf(session, action), action),
  examine: async (session, action, { identity, summary }) => {
    const slot = await slotOf(session, action);
    if (slot === undefined || identity === 'none') return { applicable: false, reason: summary };
    const reason = obstacle(slot, action);
    return reason === undefined
      ? { applicable: true, evidence: summary, ...(slot.since !== null && { changedAt: Date.parse(slot.since) }) }
      : { applicable: false, reason };
  },
  act: async (session, call) => {
    await call.permit();
    const slot = await slotOf(session, call.action);
    const now = imageOf(slot, call.action);
    const reason = slot === undefined ? now.summary : obstacle(slot, call.action);
    if (slot === undefined || reason !== undefined || now.identity !== call.before.identity)
      throw new TargetRefused(reason ?? `it changed meanwhile: ${now.summary}`);
    const { rowCount } = await session
      .query(
        `with target as materialized (
           select slot_name from pg_replication_slots where slot_name = $1 and not active and restart_lsn is not distinct from $2::pg_lsn)
         select pg_drop_replication_slot(slot_name) from target`,
        [slot.name, slot.position],
      )
      .catch(refusedIf('objectInUse'));
    if (rowCount !== 1) throw new TargetRefused(`slot ${slot.name} is read again, or gone`);
  },
  // One that is there, whoever has read it since, is not dropped.
  readBack: async (session, action, before) =>
    before.identity === 'none' ? 'notApplied' : hasHappened(async () => (await slotOf(session, action)) === undefined),
};

const wantedOf = ({ slot }: PostgresAction): { readonly name: string; readonly retainsBytes: number } =>
  slot ?? { name: '', retainsBytes: Infinity };

async function slotOf(session: pg.Client, action: PostgresAction): Promise<Slot | undefined> {
  const { rows: version } = await session.query<{ tells: boolean }>(`select current_setting('server_version_num')::int >= 170000 as tells`);
  const { rows } = await session.query<Slot>(
    `select slot_name::text as name, slot_type as type, active, restart_lsn::text as position,
            coalesce(pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end, restart_lsn), 0)::text as retains,
            ${version[0]?.tells === true ? sinceColumns : sinceUnknown}
       from pg_replication_slots where slot_name = $1`,
    [wantedOf(action).name],
  );
  return rows[0];
}

/** Why it does not count as abandoned. */
function obstacle({ name, active, retains, idle }: Slot, action: PostgresAction): string | undefined {
  const { retainsBytes } = wantedOf(action);
  if (active) return `slot ${name} is being read`;
  if (idle === null) return `the server does not tell since when nobody reads slot ${name}: PostgreSQL 17 and later do`;
  if (idle * 1000 < action.olderThanMs)
    return `slot ${name} was read ${Math.round(idle)}s ago; it is abandoned after ${action.olderThanMs / 1000}s`;
  if (Number(retains) <= retainsBytes) return `slot ${name} keeps ${retains} bytes of WAL, which is no more than ${retainsBytes}`;
  return undefined;
}

/** The WAL that it keeps grows all the time, and is no part of what it is. */
function imageOf(slot: Slot | undefined, action: PostgresAction): Image {
  if (slot === undefined) return { identity: 'none', summary: `there is no slot ${JSON.stringify(wantedOf(action).name)}`, content: {} };
  const { name, type, active, retains, position, since } = slot;
  const state = active ? 'is being read' : `is read by nobody${since === null ? '' : ` since ${since}`}`;
  return {
    identity: `${name} ${type} at ${position ?? '-'}, ${active ? 'active' : `unused since ${since ?? '-'}`}`,
    summary: `${type} slot ${name} ${state}, keeps ${retains} bytes of WAL`,
    content: { name, position },
  };
}
