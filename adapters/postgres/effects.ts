import type pg from 'pg';
import type { Begun, EffectChange, Effects, LedgerEvent, Room } from '../../activities/ports.js';
import type { Took } from '../../domain/ask.js';
import { openStates, type Effect, type EffectState, type Image } from '../../domain/effect.js';
import { budgetSentence, type BudgetScope } from '../../domain/gate/budget.js';
import type { Turn } from '../../domain/gate/flapping.js';
import { instanceKey, instanceOf, transaction, type Queries } from './database.js';
import { appendEvent } from './ledger.js';
import { TOUCHED, TURN, turnOf, type TurnRow } from './turns.js';

interface EffectRow {
  action_id: string;
  cycle: string;
  incident: string;
  service: string;
  instance: string;
  correction: string;
  resource: string;
  fence: string | null;
  state: EffectState;
  before_image: Image;
  goal_image: Image | null;
  after_image: Image | null;
  why: string | null;
  config_version: string;
  since_intended_ms?: number | null;
  since_undoing_ms?: number | null;
}

const WITH_AGE = `*, extract(epoch from clock_timestamp() - intended_at)::float8 * 1000 as since_intended_ms,
  extract(epoch from clock_timestamp() - undoing_at)::float8 * 1000 as since_undoing_ms`;

/** Spelled out, so that the partial index serves. */
const OPEN = openStates.map((state) => `'${state}'`).join(', ');

export function postgresEffects(pool: pg.Pool): Effects {
  return {
    get: (actionId) => get(pool, actionId),
    prepare: (effect) => prepare(pool, effect),
    move: (actionId, from, to, more) => transaction(pool, (queries) => move(queries, actionId, from, to, more ?? {})),
    begin: (actionId, change, room) => transaction(pool, (queries) => begin(queries, actionId, change, room)),
    used: (budget) => used(pool, budget),
    acting: (service) => acting(pool, service),
    turns: (resource, withinMs) => turns(pool, resource, withinMs),
    judge: async (actionId, verdict) => {
      await pool.query('update effects set verdict = $2 where action_id = $1', [actionId, verdict]);
    },
    open: (service, instance, exceptCycle) => openEffects(pool, service, instance, exceptCycle),
    took: (service, correction) => took(pool, service, correction),
    attempts: (incident) => attempts(pool, incident),
    ofCycle: async (cycle, state) => {
      const { rows } = await pool.query<EffectRow>('select * from effects where cycle = $1 and state = $2 order by intended_at', [
        cycle,
        state,
      ]);
      return rows.map(effectOf);
    },
    lastAppliedAt: (service, instance, correction) => lastAppliedAt(pool, service, instance, correction),
  };
}

async function get(queries: Queries, actionId: string): Promise<Effect | undefined> {
  const { rows } = await queries.query<EffectRow>(`select ${WITH_AGE} from effects where action_id = $1`, [actionId]);
  return rows[0] && effectOf(rows[0]);
}

async function prepare(pool: pg.Pool, effect: Parameters<Effects['prepare']>[0]): Promise<Effect> {
  await pool.query(
    `insert into effects (action_id, cycle, incident, service, instance, correction, resource, state, before_image, goal_image, config_version, undo)
     values ($1, $2, $3, $4, $5, $6, $7, 'prepared', $8, $9, $10, $11) on conflict (action_id) do nothing`,
    [
      effect.actionId,
      effect.cycle,
      effect.incident,
      effect.service,
      instanceKey(effect.instance),
      effect.correction,
      effect.resource,
      JSON.stringify(effect.before),
      effect.goal === undefined ? null : JSON.stringify(effect.goal),
      effect.configVersion,
      effect.undo,
    ],
  );
  const stored = await get(pool, effect.actionId);
  if (stored === undefined) throw new Error(`effect ${effect.actionId} vanished after it was prepared`);
  return stored;
}

/** A fence that is given must not be smaller than the one on record: what an outranked try has to say comes too late. */
async function move(
  queries: Queries,
  actionId: string,
  from: readonly EffectState[],
  to: EffectState,
  more: EffectChange,
): Promise<boolean> {
  const { rows } = await queries.query<EffectRow>(
    `update effects
        set state = $3, fence = coalesce($4, fence), after_image = coalesce($5, after_image), why = coalesce($6, why),
            intended_at = case when $3 = 'intended' then clock_timestamp() else intended_at end,
            undoing_at = case when $3 = 'undoing' then clock_timestamp() else undoing_at end,
            settled_at = case when $3 in ('undone', 'adopted', 'stranded', 'notApplied') then clock_timestamp() else settled_at end
      where action_id = $1 and state = any($2) and ($4::bigint is null or fence is null or fence <= $4) returning *`,
    [actionId, from, to, more.fence ?? null, more.after ? JSON.stringify(more.after) : null, more.why ?? null],
  );
  const row = rows[0];
  if (row === undefined) return false;
  await appendEvent(queries, movedEvent(effectOf(row), more));
  return true;
}

/** Counted and taken under one lock, so that of many who begin at the same moment none begins on what another has taken. */
async function begin(queries: Queries, actionId: string, change: EffectChange, room: Room): Promise<Begun> {
  await queries.query("select pg_advisory_xact_lock(hashtext('hale.room'))");
  const { rows } = await queries.query<{ service: string; instance: string; resource: string }>(
    'select service, instance, resource from effects where action_id = $1',
    [actionId],
  );
  const why = rows[0] && (await noRoom(queries, rows[0], room));
  if (why !== undefined) return { kind: 'noRoom', why };
  return { kind: (await move(queries, actionId, ['prepared'], 'intended', change)) ? 'begun' : 'elsewhere' };
}

async function noRoom(
  queries: Queries,
  { service, instance }: { readonly service: string; readonly instance: string },
  { budgets, actingMax }: Room,
): Promise<string | undefined> {
  for (const budget of budgets) {
    const count = await used(queries, budget);
    if (count >= budget.max) return budgetSentence({ ...budget, used: count });
  }
  if (actingMax === undefined) return undefined;
  const others = (await acting(queries, service)).filter((one) => one !== instance);
  return others.length > actingMax ? `${service} is being acted upon at ${others.join(', ')} by now` : undefined;
}

async function used(queries: Queries, { inMs, services, correction }: BudgetScope): Promise<number> {
  const { rows } = await queries.query<{ n: string }>(
    `select count(*) as n from effects
      where ${TOUCHED} and intended_at > clock_timestamp() - $1 * interval '1 ms'
        and ($2::text[] is null or service = any($2)) and ($3::text is null or correction = $3)`,
    [inMs, services ?? null, correction ?? null],
  );
  return Number(rows[0]?.n ?? 0);
}

async function acting(queries: Queries, service: string): Promise<string[]> {
  const { rows } = await queries.query<{ instance: string }>(
    `select distinct instance from effects where service = $1 and state in (${OPEN}) and ${TOUCHED} order by instance`,
    [service],
  );
  return rows.map(({ instance }) => instance);
}

async function turns(queries: Queries, resource: string, withinMs: number): Promise<Turn[]> {
  const { rows } = await queries.query<TurnRow>(
    `select ${TURN} from effects
      where resource = $1 and ${TOUCHED} and intended_at > clock_timestamp() - $2 * interval '1 ms' order by intended_at`,
    [resource, withinMs],
  );
  return rows.map(turnOf);
}

/** Images stay in `effects`; the ledger tells their identities, so that it holds no file contents. */
const movedEvent = (effect: Effect, more: EffectChange): LedgerEvent => ({
  key: `${effect.actionId}/${effect.state}/${effect.fence}`,
  kind: `effect.${effect.state}`,
  service: effect.service,
  ...(effect.instance === undefined ? {} : { instance: effect.instance }),
  incident: effect.incident,
  data: {
    actionId: effect.actionId,
    correction: effect.correction,
    resource: effect.resource,
    fence: effect.fence,
    before: effect.before.summary,
    goal: effect.goal?.summary,
    after: effect.after?.summary,
    why: more.why,
  },
});

async function openEffects(pool: pg.Pool, service: string, instance: string | undefined, exceptCycle: string): Promise<Effect[]> {
  const { rows } = await pool.query<EffectRow>(
    `select ${WITH_AGE} from effects
      where service = $1 and instance = $2 and cycle <> $3 and state in (${OPEN}) order by intended_at`,
    [service, instanceKey(instance), exceptCycle],
  );
  return rows.map(effectOf);
}

async function took(pool: pg.Pool, service: string, correction: string): Promise<Took | undefined> {
  const { rows } = await pool.query<{ median_ms: number | null; of: number }>(
    `select (percentile_cont(0.5) within group (order by extract(epoch from settled_at - intended_at)))::float8 * 1000 as median_ms,
            count(*)::int as of
       from effects
      where service = $1 and correction = $2 and verdict = 'held' and state = 'adopted'`,
    [service, correction],
  );
  const row = rows[0];
  return row === undefined || row.median_ms === null ? undefined : { medianMs: Math.round(row.median_ms), of: row.of };
}

async function attempts(pool: pg.Pool, incident: string): Promise<number> {
  const { rows } = await pool.query<{ n: string }>(
    `select count(*) as n from effects where incident = $1 and state not in ('prepared', 'notApplied')`,
    [incident],
  );
  return Number(rows[0]?.n ?? 0);
}

async function lastAppliedAt(
  pool: pg.Pool,
  service: string,
  instance: string | undefined,
  correction: string,
): Promise<number | undefined> {
  const { rows } = await pool.query<{ at: Date | null }>(
    `select max(intended_at) as at from effects
      where service = $1 and instance = $2 and correction = $3 and state not in ('prepared', 'notApplied')`,
    [service, instanceKey(instance), correction],
  );
  return rows[0]?.at?.getTime();
}

const effectOf = (row: EffectRow): Effect => ({
  actionId: row.action_id,
  cycle: row.cycle,
  incident: row.incident,
  service: row.service,
  ...instanceOf(row.instance),
  correction: row.correction,
  resource: row.resource,
  fence: row.fence ?? '0',
  state: row.state,
  before: row.before_image,
  ...(row.goal_image === null ? {} : { goal: row.goal_image }),
  ...(row.after_image === null ? {} : { after: row.after_image }),
  ...(row.why === null ? {} : { why: row.why }),
  ...(typeof row.since_intended_ms === 'number' ? { sinceIntendedMs: row.since_intended_ms } : {}),
  ...(typeof row.since_undoing_ms === 'number' ? { sinceUndoingMs: row.since_undoing_ms } : {}),
  configVersion: row.config_version,
});
