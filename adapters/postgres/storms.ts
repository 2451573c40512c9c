import type pg from 'pg';
import type { Storms, TroubleNote } from '../../activities/ports.js';
import type { Fleet } from '../../domain/service.js';
import { standsForMs, stormSentence, stormSource, stormTurn, type Storm, type StormPolicy, type Trouble } from '../../domain/storm.js';
import { ALL_SERVICES } from './controls.js';
import { transaction, type Queries } from './database.js';
import { appendEvent } from './ledger.js';

/** The part of the configuration that storms are judged by. */
interface Scene {
  readonly policy: StormPolicy;
  readonly services: Fleet['services'];
  readonly names: readonly string[];
}

interface StormRow {
  incident: string;
  source: string | null;
  since: Date;
}

/** Troubles are one row a service; a storm opens and ends in one transaction with its incident and its ledger events. */
export function postgresStorms(pool: pg.Pool): Storms {
  const sceneNow = currentScene(pool);
  return {
    async note(trouble) {
      const scene = await sceneNow();
      if (scene === undefined) return undefined;
      await keep(pool, trouble, scene.policy);
      return turn(pool, scene, trouble.service);
    },
    async current() {
      const scene = await sceneNow();
      if (scene === undefined) return undefined;
      return turn(pool, scene, undefined);
    },
  };
}

/** Without a policy for it nothing is a storm. The fleet is read again only when another version is current. */
function currentScene(pool: pg.Pool): () => Promise<Scene | undefined> {
  let known: { readonly version: string; readonly scene: Scene | undefined } | undefined;
  return async () => {
    const { rows } = await pool.query<{ version: string }>('select version from current_configuration');
    const version = rows[0]?.version;
    if (version === undefined) return undefined;
    if (known?.version === version) return known.scene;
    const found = await pool.query<{ fleet: Fleet }>('select fleet from configurations where version = $1', [version]);
    known = { version, scene: sceneOf(found.rows[0]?.fleet) };
    return known.scene;
  };
}

function sceneOf(fleet: Fleet | undefined): Scene | undefined {
  const policy = fleet?.policy?.storm;
  if (fleet === undefined || policy === undefined) return undefined;
  return { policy, services: fleet.services, names: fleet.services.map(({ name }) => name) };
}

/** A trouble goes on from its first onset while it is noted again in time; after a silence it is a new one. */
async function keep(pool: pg.Pool, { service, since, by }: TroubleNote, policy: StormPolicy): Promise<void> {
  await pool.query(
    `insert into troubles as t (service, since, noted_at, by)
     values ($1, least(to_timestamp($2::float8 / 1000), clock_timestamp()), clock_timestamp(), $3)
     on conflict (service) do update
        set since = case when t.noted_at > clock_timestamp() - $4 * interval '1 ms' then least(t.since, excluded.since) else excluded.since end,
            noted_at = excluded.noted_at, by = excluded.by`,
    [service, since, by, standsForMs(policy)],
  );
}

/** What the troubles mean now. Only a change is made under the lock, and judged again there. */
async function turn(pool: pg.Pool, scene: Scene, noted: string | undefined): Promise<Storm | undefined> {
  const seen = await look(pool, scene);
  const isNews = seen.turn === 'opens' || seen.turn === 'ends' || (seen.turn === 'lasts' && isNewSource(seen));
  const after = isNews ? await transaction(pool, (queries) => change(queries, scene)) : seen;
  const storm = stormOf(scene, after);
  if (storm !== undefined && noted !== undefined) await takeIn(pool, storm, [noted]);
  return storm;
}

interface Seen {
  readonly row: StormRow | undefined;
  readonly troubles: readonly Trouble[];
  readonly turn: ReturnType<typeof stormTurn>;
  readonly source: string | undefined;
}

async function look(queries: Queries, scene: Scene): Promise<Seen> {
  const { rows } = await queries.query<{ storms: StormRow[]; troubles: Trouble[] }>(
    `select coalesce((select json_agg(json_build_object('incident', incident, 'source', source, 'since', since))
                        from storms where ended_at is null), '[]') as storms,
            coalesce((select json_agg(json_build_object('service', service, 'since', extract(epoch from since) * 1000) order by service)
                        from troubles where service = any($1) and noted_at > clock_timestamp() - $2 * interval '1 ms'), '[]') as troubles`,
    [scene.names, standsForMs(scene.policy)],
  );
  const { storms = [], troubles = [] } = rows[0] ?? {};
  const row = storms[0] && { ...storms[0], since: new Date(storms[0].since) };
  const facts = { ...scene, troubles, lasts: row !== undefined };
  return { row, troubles, turn: stormTurn(facts), source: row?.source ?? stormSource(facts) };
}

const isNewSource = ({ row, source }: Seen): boolean => row?.source === null && source !== undefined;

function stormOf({ services }: Scene, { row, troubles, turn: now, source }: Seen): Storm | undefined {
  if (row === undefined || now !== 'lasts') return undefined;
  const { incident, since } = row;
  return { incident, since: since.getTime(), services: troubles.length, of: services.length, ...(source === undefined ? {} : { source }) };
}

/** One change at a time. What was seen before the lock may be past: whoever was faster has made the change already. */
async function change(queries: Queries, scene: Scene): Promise<Seen> {
  await queries.query("select pg_advisory_xact_lock(hashtext('hale.storm'))");
  const seen = await look(queries, scene);
  switch (seen.turn) {
    case 'opens':
      await open(queries, scene, seen);
      return look(queries, scene);
    case 'lasts':
      if (isNewSource(seen)) await findSource(queries, scene, seen);
      return look(queries, scene);
    case 'ends':
      await end(queries, scene, seen);
      return { ...seen, row: undefined };
    case 'calm':
      return seen;
  }
}

async function open(queries: Queries, scene: Scene, { troubles, source }: Seen): Promise<void> {
  const incident = await incidentOf(queries, source ?? ALL_SERVICES, Math.min(...troubles.map(({ since }) => since)));
  const key = await begin(queries, incident, source);
  const names = troubles.map(({ service }) => service);
  const storm = { incident, services: names.length, of: scene.services.length, ...(source === undefined ? {} : { source }) };
  await takeIn(queries, storm, names);
  const sentence = stormSentence(storm);
  const service = source ?? ALL_SERVICES;
  await queries.query('update incidents set sentence = $2 where id = $1', [incident, sentence]);
  await appendEvent(queries, {
    key,
    kind: 'storm.opened',
    service,
    incident,
    data: { sentence, services: names, source },
  });
  // Once for all of them: this is the call that 31 pages would have been.
  const call = `${sentence}; hale corrects ${source === undefined ? 'nothing' : `nothing but ${source}`} until it is over`;
  await appendEvent(queries, {
    key: `${key}/call`,
    kind: 'person.called',
    service,
    incident,
    data: { why: 'storm', sentence: call },
  });
}

/** A storm may come back while the incident of its source is still open: the key tells one from the other. */
async function begin(queries: Queries, incident: string, source: string | undefined): Promise<string> {
  const { rows } = await queries.query<{ since: string }>(
    `insert into storms (incident, source) values ($1, $2)
     on conflict (incident) do update set source = excluded.source, since = clock_timestamp(), ended_at = null
     returning to_char(since at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US') as since`,
    [incident, source ?? null],
  );
  return `${incident}/storm/${rows[0]?.since}`;
}

/** The open incident of the service that stands for all, else a new one. */
async function incidentOf(queries: Queries, service: string, onset: number): Promise<string> {
  await queries.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`incident/${service}/-`]);
  const earlier = await queries.query<{ id: string }>(
    "select id from incidents where service = $1 and instance = '-' and ended_at is null",
    [service],
  );
  if (earlier.rows[0] !== undefined) return earlier.rows[0].id;
  const { rows } = await queries.query<{ id: string }>(
    `insert into incidents (id, service, onset) values ('inc-' || nextval('incident_number'), $1, to_timestamp($2::float8 / 1000)) returning id`,
    [service, onset],
  );
  if (rows[0] === undefined) throw new Error('insert into incidents returned no row');
  return rows[0].id;
}

/** Open incidents of these services are part of the storm's. */
async function takeIn(queries: Queries, { incident }: Pick<Storm, 'incident'>, services: readonly string[]): Promise<void> {
  await queries.query('update incidents set part_of = $1 where service = any($2) and ended_at is null and part_of is null and id <> $1', [
    incident,
    services,
  ]);
}

/** What all depend on was noted later than they were: the incident is that service's from now on. */
async function findSource(queries: Queries, scene: Scene, { row, source, troubles }: Seen): Promise<void> {
  if (row === undefined || source === undefined) return;
  await queries.query('update storms set source = $2 where incident = $1', [row.incident, source]);
  await queries.query(
    `update incidents set service = $2 where id = $1 and service = $3
        and not exists (select from incidents where service = $2 and instance = '-' and ended_at is null)`,
    [row.incident, source, ALL_SERVICES],
  );
  const sentence = stormSentence({ services: troubles.length, of: scene.services.length, source });
  await appendEvent(queries, {
    key: `${row.incident}/storm/source/${row.since.toISOString()}`,
    kind: 'storm.source',
    service: source,
    incident: row.incident,
    data: { sentence, source },
  });
}

/** An incident with a cycle of its own is for that cycle to close. */
async function end(queries: Queries, scene: Scene, { row, troubles }: Seen): Promise<void> {
  if (row === undefined) return;
  const sentence = `the storm is over: ${troubles.length} of ${scene.services.length} services are still in trouble, each for itself`;
  await queries.query('update storms set ended_at = clock_timestamp() where incident = $1', [row.incident]);
  await queries.query(
    `update incidents set ended_at = clock_timestamp(), outcome = 'recoveredAlone', sentence = $2
      where id = $1 and ended_at is null and not exists (select from cycles where incident = $1 and ended_at is null)`,
    [row.incident, sentence],
  );
  await appendEvent(queries, {
    key: `${row.incident}/storm/ended/${row.since.toISOString()}`,
    kind: 'storm.ended',
    service: row.source ?? ALL_SERVICES,
    incident: row.incident,
    data: { sentence },
  });
}
