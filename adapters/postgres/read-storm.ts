import type { Queries } from './database.js';

export interface StormRecord {
  readonly incident: string;
  readonly since: Date;
  /** The one service that may be corrected meanwhile. */
  readonly source?: string;
}

/** The storm on record. Reads only: one that is over is ended by whoever judges it next. */
export async function readStorm(queries: Queries): Promise<StormRecord | undefined> {
  const { rows } = await queries.query<{ incident: string; source: string | null; since: Date }>(
    'select incident, source, since from storms where ended_at is null',
  );
  const [row] = rows;
  return row && { incident: row.incident, since: row.since, ...(row.source === null ? {} : { source: row.source }) };
}
