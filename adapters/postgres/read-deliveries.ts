import type pg from 'pg';

/** One message on its way, or at its end. */
export interface DeliveryRecord {
  readonly channel: string;
  readonly state: 'waiting' | 'sent' | 'folded' | 'refused' | 'failed' | 'gone';
  readonly tries: number;
  /** What the receiver said, or why there was no answer. */
  readonly answer?: string;
}

export interface FailingChannel {
  readonly channel: string;
  readonly since: Date;
  readonly failures: number;
  readonly why: string;
  readonly waiting: number;
}

export async function readDeliveries(pool: pg.Pool, eventKey: string): Promise<DeliveryRecord[] | undefined> {
  const seen = await pool.query<{ seq: string }>('select e.seq from events e join deliveries_head h on h.seq >= e.seq where e.key = $1', [
    eventKey,
  ]);
  if (seen.rows[0] === undefined) return undefined;
  const { rows } = await pool.query<Omit<DeliveryRecord, 'answer'> & { answer: string | null }>(
    'select channel, state, tries, answer from deliveries where seq = $1 order by channel',
    [seen.rows[0].seq],
  );
  return rows.map(({ answer, ...row }) => ({ ...row, ...(answer === null ? {} : { answer }) }));
}

/** One failure may be a receiver that restarts; what was announced is certain. */
export async function readFailingChannels(pool: pg.Pool): Promise<FailingChannel[]> {
  const { rows } = await pool.query<FailingChannel>(
    `select channel, failing_since as since, failures, coalesce(why, '') as why,
            (select count(*)::int from deliveries d where d.channel = c.channel and d.state = 'waiting') as waiting
       from channels c where announced order by channel`,
  );
  return rows;
}
