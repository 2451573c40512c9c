import type pg from 'pg';
import type { Labels } from '../../domain/alert.js';
import { instanceOf } from './database.js';

/** An alert that fires about a service or instance whose cycle has not ended, and about which nobody was called yet. */
export interface SilenceWish {
  readonly incident: string;
  readonly service: string;
  readonly instance?: string;
  readonly fingerprint: string;
  readonly labels: Labels;
  /** What the cycle has begun last; absent while it has begun nothing. */
  readonly correction?: string;
}

export interface SilenceRecord {
  readonly incident: string;
  readonly fingerprint: string;
  /** Name of the Alertmanager. */
  readonly source: string;
  /** Its id there. */
  readonly silence: string;
  /** With another start a renewed silence would be another one. */
  readonly startsAt: number;
  readonly leftMs: number;
}

export interface SilenceBook {
  /** The right to keep silences for so long; false where another worker has it. */
  claim(forMs: number): Promise<boolean>;
  release(): Promise<void>;
  wishes(): Promise<readonly SilenceWish[]>;
  records(): Promise<readonly SilenceRecord[]>;
  record(set: Omit<SilenceRecord, 'leftMs'> & { readonly endsAt: number }): Promise<void>;
  forget(of: Pick<SilenceRecord, 'incident' | 'fingerprint'>): Promise<void>;
}

/**
 * `told` is news and calls nobody. One alert may be about many: who was called about any of them, and is not done, hears it
 * whoever else is being healed.
 */
const WISHES = `
  select distinct on (c.incident, a.fingerprint) c.incident, i.service, i.instance, a.fingerprint, a.labels,
         (select e.correction from effects e where e.cycle = c.cycle and e.intended_at is not null order by e.intended_at desc limit 1)
    from cycles c join incidents i on i.id = c.incident join alerts a on a.state = 'report' and i.service || '/' || i.instance = any(a.about)
   where c.ended_at is null and a.starts_at > clock_timestamp() - interval '1 day'
     and not exists (select from alerts r where r.fingerprint = a.fingerprint and r.status = 'resolved' and r.starts_at >= a.starts_at)
     and not exists (select from incidents o join events e on e.body::jsonb->>'incident' = o.id
                      where o.service || '/' || o.instance = any(a.about)
                        and (o.id = c.incident or o.ended_at is null or exists (
                              select from settings s where s.key = 'hold/' || o.service || '/' || o.instance and s.value->>'incident' = o.id))
                        and e.body::jsonb->>'kind' = 'person.called' and e.body::jsonb->'data'->>'why' <> 'told')
   order by c.incident, a.fingerprint, a.starts_at desc`;

export function postgresSilences(pool: pg.Pool): SilenceBook {
  return {
    claim: async (forMs) => {
      const claimed = await pool.query(
        `update silence_keeper set until = clock_timestamp() + $1 * interval '1 ms' where until <= clock_timestamp()`,
        [forMs],
      );
      return claimed.rowCount === 1;
    },
    release: async () => void (await pool.query("update silence_keeper set until = '-infinity'")),
    wishes: async () => {
      const { rows } = await pool.query<Omit<SilenceWish, 'instance' | 'correction'> & { instance: string; correction: string | null }>(
        WISHES,
      );
      return rows.map(({ instance, correction, ...row }) => ({
        ...row,
        ...instanceOf(instance),
        ...(correction !== null && { correction }),
      }));
    },
    records: async () => {
      const { rows } = await pool.query<SilenceRecord>(
        `select incident, fingerprint, source, silence, (extract(epoch from starts_at) * 1000)::float8 as "startsAt",
                (extract(epoch from ends_at - clock_timestamp()) * 1000)::float8 as "leftMs" from silences`,
      );
      return rows;
    },
    record: async ({ incident, fingerprint, source, silence, startsAt, endsAt }) => {
      await pool.query(
        `insert into silences (incident, fingerprint, source, silence, starts_at, ends_at)
         values ($1, $2, $3, $4, to_timestamp($5::float8 / 1000), to_timestamp($6::float8 / 1000))
         on conflict (incident, fingerprint) do update
            set source = excluded.source, silence = excluded.silence, starts_at = excluded.starts_at, ends_at = excluded.ends_at`,
        [incident, fingerprint, source, silence, startsAt, endsAt],
      );
    },
    forget: async ({ incident, fingerprint }) => {
      await pool.query('delete from silences where incident = $1 and fingerprint = $2', [incident, fingerprint]);
    },
  };
}
