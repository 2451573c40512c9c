import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type pg from 'pg';
import type { Queries } from './database.js';

const packed = promisify(gzip);
const unpacked = promisify(gunzip);

/** One closed cycle's history as Temporal's JSON; outlives the namespace's retention. */
export interface ArchivedHistory {
  readonly cycle: string;
  readonly workflowId: string;
  readonly history: unknown;
}

export interface CycleToArchive {
  readonly cycle: string;
  readonly workflowId: string;
}

export interface Histories {
  /** Cycles that are over and have no archived history, newest first. */
  missing(limit: number): Promise<readonly CycleToArchive[]>;
  /** Stores once; a history already there stays as it is. */
  store(archived: ArchivedHistory): Promise<void>;
  /** Of one incident, or of all; oldest first. */
  of(incident?: string): AsyncIterable<ArchivedHistory>;
}

export function postgresHistories(pool: pg.Pool): Histories {
  return {
    missing: (limit) => missing(pool, limit),
    store: (archived) => store(pool, archived),
    of: (incident) => readHistories(pool, incident),
  };
}

/** A terminated cycle records no end; that a later one of the same workflow began shows that it is over. */
async function missing(pool: pg.Pool, limit: number): Promise<CycleToArchive[]> {
  const { rows } = await pool.query<{ cycle: string; workflow_id: string }>(
    `select c.cycle, c.workflow_id from cycles c
      where not exists (select from histories h where h.cycle = c.cycle)
        and (c.ended_at is not null
             or exists (select from cycles later where later.workflow_id = c.workflow_id and later.started_at > c.started_at))
      order by c.started_at desc limit $1`,
    [limit],
  );
  return rows.map(({ cycle, workflow_id }) => ({ cycle, workflowId: workflow_id }));
}

async function store(pool: pg.Pool, { cycle, workflowId, history }: ArchivedHistory): Promise<void> {
  await pool.query('insert into histories (cycle, workflow_id, history) values ($1, $2, $3) on conflict (cycle) do nothing', [
    cycle,
    workflowId,
    await packed(JSON.stringify(history)),
  ]);
}

/** One at a time: a year of histories need not fit into memory. */
export async function* readHistories(queries: Queries, incident?: string): AsyncGenerator<ArchivedHistory> {
  const { rows } = await queries.query<{ cycle: string }>(
    `select h.cycle from histories h join cycles c on c.cycle = h.cycle
      where $1::text is null or c.incident = $1 order by c.started_at`,
    [incident ?? null],
  );
  for (const { cycle } of rows) {
    const found = await queries.query<{ workflow_id: string; history: Buffer }>(
      'select workflow_id, history from histories where cycle = $1',
      [cycle],
    );
    const row = found.rows[0];
    if (row === undefined) continue;
    yield { cycle, workflowId: row.workflow_id, history: JSON.parse((await unpacked(row.history)).toString('utf8')) };
  }
}
