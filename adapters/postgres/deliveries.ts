import type pg from 'pg';
import type { ChannelName } from '../../domain/channel.js';
import { type Assigned, FAILING_AFTER, type LedgerLine, maySayThatSymptomEnded, type Purpose } from '../../domain/delivery.js';
import { instanceKey, transaction, type Queries } from './database.js';
import { appendEvent } from './ledger.js';

/** The queue of messages to people, and whose turn it is to send them. Times by the database's clock. */
export interface Deliveries {
  /** Reads on in the ledger and stores whom it concerns; answers how many events were read. One worker at a time. */
  assign(concerned: (line: LedgerLine, called: readonly ChannelName[]) => readonly Assigned[]): Promise<number>;
  /** Takes the turn of a channel that has something to say and does not rest; undefined where there is none. */
  take(leaseMs: number): Promise<Turn | undefined>;
  /** Ends a turn without a try. */
  rest(turn: Turn, ms: number): Promise<void>;
  settle(turn: Turn, seqs: readonly number[], end: End): Promise<void>;
}

export interface Turn {
  readonly channel: ChannelName;
  readonly turn: string;
  /** In a row, before this turn. */
  readonly failures: number;
  /** In order; of a test, it alone. */
  readonly waiting: readonly Waiting[];
  readonly sentLately: number;
}

export interface Waiting {
  readonly line: LedgerLine;
  readonly purpose: Purpose;
  readonly tries: number;
  readonly waitedMs: number;
}

/** What a try came to: the first of `seqs` stands for all when they were folded. */
export type End =
  | { readonly state: 'sent'; readonly answer: string }
  | { readonly state: 'waiting'; readonly answer: string; readonly restMs: number }
  | { readonly state: 'refused' | 'failed'; readonly answer: string }
  | { readonly state: 'gone'; readonly answer: string };

const EVENTS_AT_ONCE = 200;
const WAITING_AT_ONCE = 300;

export function postgresDeliveries(pool: pg.Pool): Deliveries {
  return {
    assign: (concerned) => transaction(pool, (queries) => assign(queries, concerned)),
    take: (leaseMs) => take(pool, leaseMs),
    rest: ({ channel, turn }, ms) => rest(pool, channel, turn, ms),
    settle: (turn, seqs, end) => transaction(pool, (queries) => settle(queries, turn, seqs, end)),
  };
}

interface EventRow {
  seq: string;
  body: Omit<LedgerLine, 'seq' | 'at'> & { at: string };
}

const lineOf = ({ seq, body: { at, ...rest } }: EventRow): LedgerLine => ({ ...rest, seq: Number(seq), at: Date.parse(`${at}Z`) });

/** Sequence numbers are gapless and in commit order, so that nothing appears behind what was read. */
async function assign(
  queries: Queries,
  concerned: (line: LedgerLine, called: readonly ChannelName[]) => readonly Assigned[],
): Promise<number> {
  const head = await queries.query<{ seq: string }>('select seq from deliveries_head for update skip locked');
  if (head.rows[0] === undefined) return 0;
  const { rows } = await queries.query<EventRow>('select seq, body::jsonb as body from events where seq > $1 order by seq limit $2', [
    head.rows[0].seq,
    EVENTS_AT_ONCE,
  ]);
  for (const line of rows.map(lineOf)) {
    const called = line.incident === undefined ? [] : await calledAbout(queries, line.incident);
    for (const one of concerned(line, called)) await insert(queries, line, one);
    if (maySayThatSymptomEnded(line)) await noteSymptomEnds(queries, line);
  }
  const last = rows.at(-1);
  if (last !== undefined) await queries.query('update deliveries_head set seq = $1', [last.seq]);
  return rows.length;
}

/** Channels that called and have not told the end. What was given up or refused called nobody. */
async function calledAbout(queries: Queries, incident: string): Promise<ChannelName[]> {
  const { rows } = await queries.query<{ channel: ChannelName; purpose: Purpose }>(
    `select distinct on (channel) channel, purpose from deliveries
      where incident = $1 and purpose in ('call', 'ended') and state in ('waiting', 'sent', 'folded') order by channel, seq desc`,
    [incident],
  );
  return rows.flatMap(({ channel, purpose }) => (purpose === 'call' ? [channel] : []));
}

/** The last word about findings since the incident began is that there are none. */
const SYMPTOM_ENDED = `
  select i.id from incidents i
   where i.service = $1 and i.instance = $2 and i.ended_at is not null and i.outcome = 'refused'
     and exists (select from deliveries d where d.incident = i.id and d.purpose = 'call')
     and (select e.body::jsonb->'data'->>'isLast' from events e
           where e.seq > (select min(o.seq) from events o where o.body::jsonb->>'incident' = i.id)
             and e.body::jsonb->>'kind' in ('finding.opened', 'finding.closed')
             and e.body::jsonb->>'service' = $1 and coalesce(e.body::jsonb->>'instance', '-') = $2
           order by e.seq desc limit 1) = 'true'`;

/** Tells the ledger the end of what people were called about and hale refused to correct: the end is delivered from there, as every other. */
async function noteSymptomEnds(queries: Queries, { seq, service, instance }: LedgerLine): Promise<void> {
  const { rows } = await queries.query<{ id: string }>(SYMPTOM_ENDED, [service, instanceKey(instance)]);
  for (const { id } of rows) {
    if ((await calledAbout(queries, id)).length === 0) continue;
    const data = { sentence: 'nothing is found about it any more; hale had refused to correct it' };
    await appendEvent(queries, { key: `${id}/symptom.ended/${seq}`, kind: 'symptom.ended', service, instance, incident: id, data });
  }
}

/** Whoever asks for a test waits for it: it does not rest. */
async function insert(queries: Queries, { seq, incident }: LedgerLine, { channel, purpose }: Assigned): Promise<void> {
  await queries.query('insert into deliveries (seq, channel, purpose, incident) values ($1, $2, $3, $4)', [
    seq,
    channel,
    purpose,
    incident ?? null,
  ]);
  await queries.query(
    `insert into channels (channel) values ($1)
     on conflict (channel) do update set rest_until = case when $2 then '-infinity' else channels.rest_until end`,
    [channel, purpose === 'test'],
  );
}

async function take(pool: pg.Pool, leaseMs: number): Promise<Turn | undefined> {
  const { rows } = await pool.query<{ channel: ChannelName; turn: string; failures: number }>(
    `with due as (
       select channel from channels c
        where greatest(busy_until, rest_until) <= clock_timestamp()
          and exists (select from deliveries d where d.channel = c.channel and d.state = 'waiting')
        order by busy_until limit 1 for update skip locked
     )
     update channels c set turn = turn + 1, busy_until = clock_timestamp() + $1 * interval '1 ms' from due
      where c.channel = due.channel returning c.channel, c.turn, c.failures`,
    [leaseMs],
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  const waiting = await waitingAt(pool, row.channel);
  const tests = waiting.filter(({ purpose }) => purpose === 'test').slice(0, 1);
  return { ...row, waiting: tests.length > 0 ? tests : waiting, sentLately: await sentLately(pool, row.channel) };
}

async function waitingAt(pool: pg.Pool, channel: ChannelName): Promise<Waiting[]> {
  const { rows } = await pool.query<EventRow & { purpose: Purpose; tries: number; waited: number }>(
    `select d.seq, e.body::jsonb as body, d.purpose, d.tries,
            (extract(epoch from clock_timestamp() - d.assigned_at) * 1000)::float8 as waited
       from deliveries d join events e using (seq) where d.channel = $1 and d.state = 'waiting'
      order by d.purpose <> 'test', d.seq limit $2`,
    [channel, WAITING_AT_ONCE],
  );
  return rows.map((row) => ({ line: lineOf(row), purpose: row.purpose, tries: row.tries, waitedMs: row.waited }));
}

async function sentLately(pool: pg.Pool, channel: ChannelName): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    `select count(*)::int as count from deliveries
      where channel = $1 and state = 'sent' and settled_at > clock_timestamp() - interval '1 minute'`,
    [channel],
  );
  return rows[0]?.count ?? 0;
}

/** Only whoever still has the turn may end it. */
async function rest(queries: Queries, channel: ChannelName, turn: string, ms: number): Promise<void> {
  await queries.query(
    `update channels set busy_until = '-infinity', rest_until = clock_timestamp() + $3 * interval '1 ms' where channel = $1 and turn = $2`,
    [channel, turn, ms],
  );
}

async function settle(queries: Queries, turn: Turn, seqs: readonly number[], end: End): Promise<void> {
  const { channel } = turn;
  await queries.query(
    `update deliveries set tries = tries + 1, answer = $4,
            state = case when $3 = 'sent' and seq <> $5 then 'folded' else $3 end,
            settled_at = case when $3 = 'waiting' then null else clock_timestamp() end
      where channel = $1 and seq = any($2) and state = 'waiting'`,
    [channel, seqs, end.state, end.answer, seqs[0]],
  );
  await rest(queries, channel, turn.turn, end.state === 'waiting' ? end.restMs : 0);
  if (end.state === 'sent')
    await queries.query('update channels set failures = 0, failing_since = null, announced = false, why = null where channel = $1', [
      channel,
    ]);
  else if (end.state !== 'gone') await countFailure(queries, turn, seqs[0] ?? 0, end);
}

/** The first message that is lost, or a few failures in a row, are announced: once, until the channel works again. */
async function countFailure(queries: Queries, { channel, waiting }: Turn, seq: number, end: End): Promise<void> {
  const { rows } = await queries.query<{ failures: number; announced: boolean }>(
    `update channels set failures = failures + 1, failing_since = coalesce(failing_since, clock_timestamp()), why = $2
      where channel = $1 returning failures, announced`,
    [channel, end.answer],
  );
  const { line, purpose } = waiting.find((one) => one.line.seq === seq) ?? {};
  const isDue = end.state !== 'waiting' || (rows[0]?.failures ?? 0) >= FAILING_AFTER;
  if (!isDue || rows[0]?.announced === true || line === undefined || purpose === 'test') return;
  await queries.query('update channels set announced = true where channel = $1', [channel]);
  const { service, instance, incident } = line;
  await appendEvent(queries, {
    key: `page.failed/${channel}/${seq}`,
    kind: 'page.failed',
    service,
    instance,
    incident,
    data: { channel, sentence: end.answer },
  });
}
