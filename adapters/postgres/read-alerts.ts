import type { Queries } from './database.js';

export interface AlertFilter {
  readonly state?: string;
  readonly limit: number;
}

export interface KeptAlert {
  readonly source: string;
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly startsAt: Date;
  readonly receivedAt: Date;
  /** waiting, report, recorded, unmatched or self. */
  readonly state: string;
  readonly why: string | null;
  readonly services: readonly string[];
}

/** Newest first. */
export async function readAlerts(queries: Queries, { state, limit }: AlertFilter): Promise<KeptAlert[]> {
  const { rows } = await queries.query<KeptAlert>(
    `select source, status, labels, starts_at as "startsAt", received_at as "receivedAt", state, why,
            array(select distinct split_part(place, '/', 1) from unnest(about) place order by 1) as services
       from alerts where $1::text is null or state = $1 order by id desc limit $2`,
    [state ?? null, limit],
  );
  return rows;
}
