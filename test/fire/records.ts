import pg from 'pg';

/** A cycle that has not ended, with the last thing it prepared or did. */
export interface OpenCycle {
  readonly cycle: string;
  readonly service: string;
  readonly action: string | null;
  readonly state: string | null;
  readonly verdict: string | null;
}

const openCycles = `
  select c.cycle, i.service, e.action_id as action, e.state, e.verdict
    from cycles c
    join incidents i on i.id = c.incident
    left join lateral (select * from effects where cycle = c.cycle order by prepared_at desc limit 1) e on true
   where c.ended_at is null`;

/** hale's records as somebody beside it reads them: on a connection of its own that can't write, made again when it is lost. */
export class Records {
  #client: pg.Client | undefined;

  constructor(private readonly url: string) {}

  openCycles = (): Promise<readonly OpenCycle[] | undefined> => this.#rows<OpenCycle>(openCycles);

  /** Services of which hale knows a good version of something. */
  async knownGood(): Promise<number> {
    return Number((await this.#rows<{ n: string }>('select count(distinct service) as n from known_good'))?.[0]?.n ?? 0);
  }

  /** Grows with everything that hale does. */
  async progress(): Promise<string | undefined> {
    return (await this.#rows<{ seq: string }>('select seq from ledger_head'))?.[0]?.seq;
  }

  /** Ended cycles of these that are on record, by id. */
  async ended(cycles: readonly string[]): Promise<readonly string[]> {
    const rows = await this.#rows<{ cycle: string }>('select cycle from cycles where cycle = any($1) and ended_at is not null', [cycles]);
    return rows?.map(({ cycle }) => cycle) ?? [];
  }

  /** Questions that were put to a person more than once: the same proposal of the same cycle. */
  async askedTwice(): Promise<readonly string[]> {
    const rows = await this.#rows<{ asked: string }>(
      `select cycle || ' ' || proposal as asked
         from (select split_part(body::jsonb->>'key', '/', 1) as cycle, split_part(body::jsonb->'data'->>'sentence', ':', 1) as proposal
                 from events where body::jsonb->>'kind' = 'person.called' and body::jsonb->'data'->>'why' = 'ask') asks
        group by cycle, proposal having count(*) > 1`,
    );
    if (rows === undefined) throw new Error('the database does not answer');
    return rows.map(({ asked }) => asked);
  }

  async close(): Promise<void> {
    await this.#client?.end().catch(() => undefined);
  }

  /** undefined while the database is away. */
  async #rows<T extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<readonly T[] | undefined> {
    try {
      this.#client ??= await this.#connect();
      return (await this.#client.query<T>(sql, values)).rows;
    } catch {
      this.#client = undefined;
      return undefined;
    }
  }

  async #connect(): Promise<pg.Client> {
    const options = '-c default_transaction_read_only=on -c statement_timeout=2000';
    const client = new pg.Client({ connectionString: this.url, options, connectionTimeoutMillis: 2_000 });
    client.on('error', () => (this.#client = undefined));
    await client.connect();
    return client;
  }
}
