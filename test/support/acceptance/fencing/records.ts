import pg from 'pg';
import { resourceOf } from './subject.js';

/** hale's records, as somebody beside it reads them. */
export class Records {
  readonly #pool: pg.Pool;

  constructor(url: string) {
    this.#pool = new pg.Pool({ connectionString: url, max: 2, options: '-c default_transaction_read_only=on' });
    this.#pool.on('error', () => undefined);
  }

  /** Services of which hale knows a good version. */
  goodKnown = async (): Promise<number> =>
    Number((await this.#rows<{ n: string }>('select count(distinct service) as n from known_good'))[0]?.n);

  /** Services with a cycle that has not ended. */
  inCycle = async (): Promise<readonly string[]> =>
    (
      await this.#rows<{ service: string }>(
        'select service from cycles join incidents on incidents.id = cycles.incident where cycles.ended_at is null',
      )
    ).map(({ service }) => service);

  /** Services on which hale keeps its hands off. */
  heldServices = async (): Promise<readonly string[]> =>
    (await this.#rows<{ service: string }>(`select split_part(key, '/', 2) as service from settings where key like 'hold/%'`)).map(
      ({ service }) => service,
    );

  /** Fences of these services' leases now, and the last end among them by the database's clock. */
  async leases(services: readonly string[]): Promise<{ readonly fences: ReadonlyMap<string, string>; readonly lastEnd: Date }> {
    const rows = await this.#rows<{ resource: string; fence: string; expires_at: Date }>(
      'select resource, fence, expires_at from leases where resource = any($1)',
      [services.map(resourceOf)],
    );
    return {
      fences: new Map(rows.map(({ resource, fence }) => [resource, fence])),
      lastEnd: new Date(Math.max(0, ...rows.map((row) => row.expires_at.getTime()))),
    };
  }

  hasPassed = async (moment: Date, byMs: number): Promise<boolean> =>
    (
      await this.#rows<{ passed: boolean }>(`select clock_timestamp() > $1::timestamptz + $2 * interval '1 ms' as passed`, [moment, byMs])
    )[0]?.passed === true;

  /** The last action of a service. */
  actionOf = async (service: string): Promise<string | undefined> =>
    (
      await this.#rows<{ action_id: string }>('select action_id from effects where service = $1 order by prepared_at desc limit 1', [
        service,
      ])
    )[0]?.action_id;

  close = (): Promise<void> => this.#pool.end();

  #rows = async <T extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<readonly T[]> =>
    (await this.#pool.query<T>(sql, values)).rows;
}
