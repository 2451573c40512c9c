import type pg from 'pg';
import type { Controls } from '../../activities/ports.js';
import { objectionToLifting } from '../../domain/approval.js';
import type { Outcome } from '../../domain/outcome.js';
import { instanceKey, instanceOf, transaction, type Queries } from './database.js';
import { appendEvent } from './ledger.js';
import { retirePayloadKey } from './payload-keys.js';
import { reach } from './read.js';
import { signingKey, type SigningKey } from './signatures.js';

export type { SigningKey };

/** What a person orders; `key` makes a repeated order the same order. */
export interface Order {
  readonly by: string;
  readonly reason?: string;
  readonly key: string;
}

/** Who set a switch, and since when (ms since the epoch). */
export interface SetBy {
  readonly by: string;
  readonly since: number;
}

/** The stop that somebody wanted to lift; `objection`: why it stays. */
export interface Lifting extends SetBy {
  readonly objection?: string;
}

/** What somebody else had set already: it stays when it lasts longer, else it was replaced. */
export interface Other {
  readonly by: string;
  readonly until: number;
  readonly stays: boolean;
}

/** `all` services: no service can have this name, since names hold no `*`. */
export const ALL_SERVICES = '*';

/** The switches of people. Each writes the setting and its ledger event in one transaction. */
export interface Switches {
  /** Stops all automation, undo included. Answers who had stopped it before, if somebody had. */
  stop(order: Order): Promise<SetBy | undefined>;
  /**
   * Answers whose stop was lifted; undefined when nothing was stopped. With four eyes in the policy nobody lifts their own: that
   * is refused, and in the ledger.
   */
  liftStop(order: Order): Promise<Lifting | undefined>;
  /**
   * No new corrections for this service (or `ALL_SERVICES`) until `until`, ms since the epoch. Of two persons' pauses the one
   * that lasts longer stays. Answers the other's, if there was one.
   */
  pause(service: string, until: number, order: Order): Promise<Other | undefined>;
  unpause(service: string, order: Order): Promise<SetBy | undefined>;
  /** Where the policy yields to persons, hale keeps its hands off while this one works, until `until` (ms since the epoch). */
  work(service: string, until: number, order: Order): Promise<Other | undefined>;
  /** Ends the work of this person. Answers whose work goes on or was ended; undefined where nobody works. */
  endWork(
    service: string,
    of: string,
    order: Order,
  ): Promise<{ readonly by: string; readonly until: number; readonly ended: boolean } | undefined>;
  /** Lets go of every hold on a service and its instances; answers how many there were. */
  resumeHolds(service: string, order: Order): Promise<number>;
  /** Asks for a test through every channel of a team, or of those for everybody else; answers the event by which it is found. */
  testPage(team: string | undefined, order: Order): Promise<string>;
  /** Somebody has looked at an effect and says that it stays. Answers what it was; undefined where there is none in force. */
  keep(actionId: string, order: Order): Promise<{ readonly service: string; readonly correction: string } | undefined>;
  /** From now on hale starts without this payload key. Answers why not, where it must not be retired. */
  retirePayloadKey(id: string, histories: number, order: Order): Promise<string | undefined>;
  /** What decisions are signed with. */
  signingKey(): Promise<SigningKey>;
}

const STOP = 'stop';
/** No switch: when one was let go of last. */
const LIFTED = 'lifted';
const pauseKey = (service: string): string => `pause/${service}`;
const workKey = (service: string): string => `work/${service}`;
const holdKey = (service: string, instance: string | undefined): string => `hold/${service}/${instanceKey(instance)}`;

export function postgresControls(pool: pg.Pool): Controls {
  return {
    stopped: async () => (await pool.query('select from settings where key = $1', [STOP])).rowCount === 1,
    paused: (service) => paused(pool, service),
    held: (service, instance) => held(pool, service, instance),
    liftedAt: async () => (await setBy(pool, LIFTED))?.since,
    atWork: (service, instance) => atWork(pool, service, instance),
    hold: (service, instance, outcome, incident) => transaction(pool, (queries) => hold(queries, service, instance, outcome, incident)),
    releaseHold: (service, instance, why) =>
      transaction(pool, (queries) => releaseHold(queries, holdKey(service, instance), service, { by: 'hale', reason: why })),
  };
}

export function postgresSwitches(pool: pg.Pool): Switches {
  return {
    stop: (order) => transaction(pool, (queries) => stop(queries, order)),
    liftStop: (order) => transaction(pool, (queries) => liftStop(queries, order)),
    pause: (service, until, order) =>
      transaction(pool, (queries) => setUntil(queries, pauseKey(service), 'pause.set', service, until, order)),
    work: (service, until, order) =>
      transaction(pool, (queries) => setUntil(queries, workKey(service), 'work.begun', service, until, order)),
    endWork: (service, of, order) => transaction(pool, (queries) => endWork(queries, service, of, order)),
    unpause: (service, order) => transaction(pool, (queries) => lift(queries, pauseKey(service), 'pause.lifted', service, order)),
    resumeHolds: (service, order) => transaction(pool, (queries) => resumeHolds(queries, service, order)),
    testPage: async (team, order) => {
      await transaction(pool, (queries) => note(queries, 'page.test', ALL_SERVICES, order, { team }));
      return eventKey(order, 'page.test');
    },
    keep: (actionId, order) => transaction(pool, (queries) => keep(queries, actionId, order)),
    retirePayloadKey: (id, histories, order) => transaction(pool, (queries) => retireKey(queries, id, histories, order)),
    signingKey: () => signingKey(pool),
  };
}

/** The pause that lasts longest counts; one that has ended by the database's clock does not. */
async function paused(queries: Queries, service: string): Promise<{ by: string; until?: number } | undefined> {
  const { rows } = await queries.query<{ set_by: string; until: string | null }>(
    `select set_by, value->>'until' as until from settings
      where key = any($1) and (value->>'until' is null or to_timestamp((value->>'until')::float8 / 1000) > clock_timestamp())
      order by (value->>'until')::float8 desc nulls first limit 1`,
    [[pauseKey(service), pauseKey(ALL_SERVICES)]],
  );
  const row = rows[0];
  return row && { by: row.set_by, ...(row.until === null ? {} : { until: Number(row.until) }) };
}

async function held(
  queries: Queries,
  service: string,
  instance: string | undefined,
): Promise<{ since: number; outcome: Outcome } | undefined> {
  const { rows } = await queries.query<{ outcome: Outcome; set_at: Date }>(
    "select value->>'outcome' as outcome, set_at from settings where key = $1",
    [holdKey(service, instance)],
  );
  return rows[0] && { since: rows[0].set_at.getTime(), outcome: rows[0].outcome };
}

/** A person who took one part of a service over works on the service: hale does not do the same to its other parts meanwhile. */
async function atWork(queries: Queries, service: string, instance: string | undefined): Promise<{ by: string; what: string } | undefined> {
  const { rows } = await queries.query<{ key: string; set_by: string; until: string | null; incident: string | null }>(
    `select key, set_by, value->>'until' as until, value->>'incident' as incident from settings
      where (key = $1 and to_timestamp((value->>'until')::float8 / 1000) > clock_timestamp())
         or (split_part(key, '/', 1) = 'hold' and split_part(key, '/', 2) = $2 and key <> $3
             and value->>'outcome' in ('takenOver', 'aborted'))
      order by key desc limit 1`,
    [workKey(service), service, holdKey(service, instance)],
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  if (row.until !== null) return { by: row.set_by, what: `works on ${service} until ${new Date(Number(row.until)).toISOString()}` };
  return { by: 'a person', what: `has taken over ${service}/${row.key.split('/')[2]} (${row.incident})` };
}

/** A second hold keeps the time of the first. The event's key carries that time: a hold after a release is a new one. */
async function hold(queries: Queries, service: string, instance: string | undefined, outcome: Outcome, incident: string): Promise<void> {
  const key = holdKey(service, instance);
  const { rows } = await queries.query<{ since: string }>(
    `insert into settings (key, value, set_by) values ($1, $2, 'hale')
     on conflict (key) do update set value = excluded.value
     returning to_char(set_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US') as since`,
    [key, JSON.stringify({ outcome, incident })],
  );
  await appendEvent(queries, {
    key: `${key}/${rows[0]?.since}/${incident}/${outcome}`,
    kind: 'hold.set',
    service,
    ...(instance === undefined ? {} : { instance }),
    incident,
    data: { outcome },
  });
}

async function releaseHold(queries: Queries, key: string, service: string, order: Omit<Order, 'key'>): Promise<void> {
  const { rows } = await queries.query<{ since: string; instance: string; incident: string }>(
    `delete from settings where key = $1
     returning to_char(set_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US') as since, split_part(key, '/', 3) as instance,
               value->>'incident' as incident`,
    [key],
  );
  const row = rows[0];
  if (row === undefined) return;
  await appendEvent(queries, {
    key: `${key}/${row.since}/released`,
    kind: 'hold.released',
    service,
    ...(row.instance === '-' ? {} : { instance: row.instance }),
    incident: row.incident,
    data: { by: order.by, reason: order.reason },
  });
}

async function stop(queries: Queries, order: Order): Promise<SetBy | undefined> {
  const set = await queries.query('insert into settings (key, value, set_by) values ($1, $2, $3) on conflict (key) do nothing', [
    STOP,
    JSON.stringify({ reason: order.reason }),
    order.by,
  ]);
  if (set.rowCount === 0) return setBy(queries, STOP);
  await note(queries, 'stop.set', ALL_SERVICES, order, {});
  return undefined;
}

async function liftStop(queries: Queries, order: Order): Promise<Lifting | undefined> {
  const { rows } = await queries.query<{ by: string; at: Date; four_eyes: boolean | null }>(
    `select set_by as by, set_at as at,
            (select (fleet->'policy'->'resume'->>'fourEyes')::boolean from configurations join current_configuration using (version)) as four_eyes
       from settings where key = $1 for update of settings`,
    [STOP],
  );
  const [stopped] = rows;
  const objection = stopped?.four_eyes === true ? objectionToLifting(order.by, stopped.by) : undefined;
  if (stopped === undefined || objection === undefined) return lift(queries, STOP, 'stop.lifted', ALL_SERVICES, order);
  await note(queries, 'stop.kept', ALL_SERVICES, order, { setBy: stopped.by, refused: objection });
  return { by: stopped.by, since: stopped.at.getTime(), objection };
}

async function setBy(queries: Queries, key: string): Promise<SetBy | undefined> {
  const { rows } = await queries.query<{ set_by: string; set_at: Date }>('select set_by, set_at from settings where key = $1', [key]);
  return rows[0] && { by: rows[0].set_by, since: rows[0].set_at.getTime() };
}

/** A person may shorten what they set themselves, and nobody else's. */
async function setUntil(
  queries: Queries,
  key: string,
  kind: string,
  service: string,
  until: number,
  order: Order,
): Promise<Other | undefined> {
  const before = await runningUntil(queries, key);
  const set = await queries.query(
    `insert into settings as s (key, value, set_by) values ($1, $2, $3)
     on conflict (key) do update set value = excluded.value, set_by = excluded.set_by, set_at = clock_timestamp()
      where s.set_by = excluded.set_by or (s.value->>'until')::float8 <= (excluded.value->>'until')::float8`,
    [key, JSON.stringify({ until, reason: order.reason }), order.by],
  );
  const stays = set.rowCount === 0;
  if (!stays) await note(queries, kind, service, order, { until });
  const other = stays ? await runningUntil(queries, key) : before;
  return other === undefined || other.by === order.by ? undefined : { ...other, stays };
}

/** Who has set it, if it has not ended by the database's clock. */
async function runningUntil(queries: Queries, key: string): Promise<{ by: string; until: number } | undefined> {
  const { rows } = await queries.query<{ by: string; until: number }>(
    `select set_by as by, (value->>'until')::float8 as until from settings
      where key = $1 and to_timestamp((value->>'until')::float8 / 1000) > clock_timestamp() for update`,
    [key],
  );
  return rows[0];
}

async function endWork(
  queries: Queries,
  service: string,
  of: string,
  order: Order,
): Promise<{ by: string; until: number; ended: boolean } | undefined> {
  const running = await runningUntil(queries, workKey(service));
  const ended = running?.by === of;
  if (ended) await lift(queries, workKey(service), 'work.ended', service, order);
  return running && { ...running, ended };
}

async function lift(queries: Queries, key: string, kind: string, service: string, order: Order): Promise<SetBy | undefined> {
  const { rows } = await queries.query<{ set_by: string; set_at: Date }>('delete from settings where key = $1 returning set_by, set_at', [
    key,
  ]);
  const row = rows[0];
  if (row === undefined) return undefined;
  await markLifted(queries, order.by);
  await note(queries, kind, service, order, { setBy: row.set_by });
  return { by: row.set_by, since: row.set_at.getTime() };
}

async function markLifted(queries: Queries, by: string): Promise<void> {
  await queries.query(
    `insert into settings (key, value, set_by) values ($1, '{}', $2)
     on conflict (key) do update set set_by = excluded.set_by, set_at = clock_timestamp()`,
    [LIFTED, by],
  );
}

async function resumeHolds(queries: Queries, service: string, order: Order): Promise<number> {
  const { rows } = await queries.query<{ key: string }>(
    "select key from settings where split_part(key, '/', 1) = 'hold' and split_part(key, '/', 2) = $1 order by key for update",
    [service],
  );
  if (rows.length > 0) await markLifted(queries, order.by);
  for (const { key } of rows) await releaseHold(queries, key, service, order);
  return rows.length;
}

/** An effect that a cycle still works on is not for anybody to keep: take the cycle over. */
async function keep(queries: Queries, actionId: string, order: Order): Promise<{ service: string; correction: string } | undefined> {
  const { rows } = await queries.query<{ service: string; instance: string; incident: string; correction: string }>(
    `update effects set kept_by = $2, state = 'adopted'
      where action_id = $1 and kept_by is null and state in ('applied', 'unknown', 'adopted', 'stranded')
        and not exists (select from incidents where id = effects.incident and ended_at is null)
      returning service, instance, incident, correction`,
    [actionId, order.by],
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  const { service, incident, correction, instance } = row;
  const data = { actionId, correction, by: order.by, reason: order.reason };
  await appendEvent(queries, { key: `${order.key}/effect.kept`, kind: 'effect.kept', service, ...instanceOf(instance), incident, data });
  return { service, correction };
}

async function retireKey(queries: Queries, id: string, histories: number, order: Order): Promise<string | undefined> {
  const why = await retirePayloadKey(queries, id);
  if (why === undefined) await note(queries, 'payloadKey.retired', ALL_SERVICES, order, { payloadKey: id, histories });
  return why;
}

const note = (queries: Queries, kind: string, service: string, order: Order, data: Record<string, unknown>): Promise<void> =>
  appendEvent(queries, { key: eventKey(order, kind), kind, service, data: { by: order.by, reason: order.reason, ...data } });

const eventKey = (order: Order, kind: string): string => `${order.key}/${kind}`;

/** Connects and asks once. Throws `DatabaseUnreachable`. */
export async function openSwitches(url: string): Promise<Switches & { close(): Promise<void> }> {
  const pool = await reach(url);
  return { ...postgresSwitches(pool), close: () => pool.end() };
}
