import type pg from 'pg';
import type { IncidentOpening, Incidents, LedgerEvent } from '../../activities/ports.js';
import type { Outcome } from '../../domain/outcome.js';
import { instanceKey, instanceOf, transaction, type Queries } from './database.js';
import { appendEvent, recordOnce } from './ledger.js';

/** After these a person stepped in: what comes next is a new incident, with attempts of its own. */
const AFTER_A_PERSON: readonly Outcome[] = ['escalated', 'stranded', 'takenOver', 'aborted'];

export function postgresIncidents(pool: pg.Pool): Incidents {
  return {
    open: (opening) => transaction(pool, (queries) => openOrJoin(queries, opening)),
    joinable: (service, instance, relapseWithinMs) => joinable(pool, service, instanceKey(instance), relapseWithinMs),
    openOf: (services) => openOf(pool, services),
    close: (closing) => closeCycle(pool, closing),
    rejection: (incident, proposal) => rejection(pool, incident, proposal),
    note: (event) => transaction(pool, (queries) => appendEvent(queries, event)),
  };
}

async function openOrJoin(queries: Queries, opening: IncidentOpening): Promise<{ incident: string; relapse: boolean }> {
  // One opening at a time per service, so that two cycles can't both miss the other's incident.
  const instance = instanceKey(opening.instance);
  await queries.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`incident/${opening.service}/${instance}`]);
  const mine = await queries.query<{ incident: string }>('select incident from cycles where cycle = $1', [opening.cycle]);
  if (mine.rows[0]) return reopen(queries, opening, mine.rows[0].incident);

  const earlier = await joinable(queries, opening.service, instance, opening.relapseWithinMs);
  const incident = earlier ?? (await insertIncident(queries, opening, instance));
  await queries.query('update incidents set ended_at = null, outcome = null, sentence = null where id = $1', [incident]);
  await queries.query('insert into cycles (cycle, workflow_id, incident, by, reason, config_version) values ($1, $2, $3, $4, $5, $6)', [
    opening.cycle,
    opening.workflowId,
    incident,
    opening.by,
    opening.reason ?? null,
    opening.configVersion,
  ]);
  const relapse = earlier !== undefined;
  await appendEvent(queries, openedEvent(opening, incident, relapse));
  return { incident, relapse };
}

async function joinable(queries: Queries, service: string, instance: string, relapseWithinMs: number): Promise<string | undefined> {
  const { rows } = await queries.query<{ id: string }>(
    `select id from incidents
      where service = $1 and instance = $2
        and (ended_at is null or (outcome <> all($4) and ended_at > clock_timestamp() - $3 * interval '1 ms'))
      order by started_at desc limit 1`,
    [service, instance, relapseWithinMs, AFTER_A_PERSON],
  );
  return rows[0]?.id;
}

async function openOf(queries: Queries, services: readonly string[]): Promise<{ incident: string; service: string; instance?: string }[]> {
  const { rows } = await queries.query<{ id: string; service: string; instance: string }>(
    'select id, service, instance from incidents where service = any($1) and ended_at is null order by started_at, id',
    [services],
  );
  return rows.map(({ id, service, instance }) => ({ incident: id, service, ...instanceOf(instance) }));
}

/** The same cycle opens again: a retry, which changes nothing, or a cycle sent back to detect, which reopens its incident. */
async function reopen(queries: Queries, opening: IncidentOpening, incident: string): Promise<{ incident: string; relapse: boolean }> {
  const known = await queries.query('select 1 from events where key = $1', [opening.key]);
  if (known.rowCount === 0) {
    await queries.query('update incidents set ended_at = null, outcome = null, sentence = null where id = $1', [incident]);
    await queries.query('update cycles set ended_at = null, outcome = null, sentence = null where cycle = $1', [opening.cycle]);
    await appendEvent(queries, openedEvent(opening, incident, false));
  }
  return { incident, relapse: false };
}

async function insertIncident(queries: Queries, opening: IncidentOpening, instance: string): Promise<string> {
  const { rows } = await queries.query<{ id: string }>(
    `insert into incidents (id, service, instance, onset)
     values ('inc-' || nextval('incident_number'), $1, $2, to_timestamp($3 / 1000.0)) returning id`,
    [opening.service, instance, opening.onset],
  );
  const row = rows[0];
  if (row === undefined) throw new Error('insert into incidents returned no row');
  return row.id;
}

async function rejection(pool: pg.Pool, incident: string, proposal: string): Promise<{ by: string; at: number } | undefined> {
  const { rows } = await pool.query<{ body: { at: string; data: { by: string } } }>(
    `select body::jsonb as body from events
      where body::jsonb->>'incident' = $1 and body::jsonb->>'kind' = 'person.said'
        and body::jsonb->'data'->>'verb' = 'reject' and body::jsonb->'data'->>'proposal' = $2
      order by seq desc limit 1`,
    [incident, proposal],
  );
  const said = rows[0]?.body;
  return said && { by: said.data.by, at: Date.parse(`${said.at}Z`) };
}

const openedEvent = (opening: IncidentOpening, incident: string, relapse: boolean): LedgerEvent => ({
  key: opening.key,
  kind: 'cycle.opened',
  service: opening.service,
  ...(opening.instance === undefined ? {} : { instance: opening.instance }),
  incident,
  data: { cycle: opening.cycle, by: opening.by, reason: opening.reason, relapse, configVersion: opening.configVersion },
});

async function closeCycle(pool: pg.Pool, closing: Parameters<Incidents['close']>[0]): Promise<void> {
  const { key, incident, cycle, outcome, sentence, service, instance } = closing;
  const event: LedgerEvent = {
    key,
    kind: 'cycle.closed',
    service,
    ...(instance === undefined ? {} : { instance }),
    incident,
    data: { cycle, outcome, sentence },
  };
  await recordOnce(pool, event, async (queries) => {
    await queries.query(
      'update cycles set ended_at = clock_timestamp(), outcome = $2, sentence = $3 where cycle = $1 and ended_at is null',
      [cycle, outcome, sentence],
    );
    await endIncident(queries, incident);
  });
}

/** How the incident ended is what its last cycle that found trouble says: one that found none changes nothing about that. */
async function endIncident(queries: Queries, incident: string): Promise<void> {
  await queries.query(
    `update incidents i set ended_at = clock_timestamp(), outcome = last.outcome, sentence = last.sentence
       from (select outcome, sentence from cycles where incident = $1 and ended_at is not null
              order by outcome = 'notConfirmed', ended_at desc limit 1) last
      where i.id = $1 and i.ended_at is null`,
    [incident],
  );
}
