import type pg from 'pg';
import { judge, type Judgement } from '../../domain/detection/judgement.js';
import type { Reading } from '../../domain/reading.js';
import type { Fleet, Objective, Service, Signal } from '../../domain/service.js';
import { instanceOf } from './database.js';
import { readingOf } from './samples.js';

/** How one objective of one service or instance stands. */
export interface MeasuredObjective {
  readonly service: string;
  readonly instance?: string;
  readonly objective: Objective;
  readonly judgement: Judgement;
}

interface Wanted {
  readonly service: Service;
  readonly signal: Signal;
  readonly objective: Objective;
}

/**
 * Judges each objective by its latest samples within its silence window, by the database's clock. Missing readings are
 * counted apart: one that was lost must not push the data before it out of sight.
 */
export async function readMeasured(pool: pg.Pool, fleet: Fleet): Promise<MeasuredObjective[]> {
  const wanted = fleet.services.flatMap(wantedOf);
  const [readings, now] = await latest(pool, wanted);
  return wanted.flatMap((want) =>
    instancesOf(want, readings).map((key) => ({
      service: want.service.name,
      ...instanceOf(key),
      objective: want.objective,
      judgement: judge(want.objective, readings.get(keyOf(want.service.name, key, want.signal.name)) ?? [], now),
    })),
  );
}

const wantedOf = (service: Service): Wanted[] =>
  service.objectives.flatMap((objective) => {
    const signal = service.signals.find((one) => one.name === objective.signal);
    return signal === undefined ? [] : [{ service, signal, objective }];
  });

/** Listed instances are judged even when nothing was measured; discovered ones are those that were. */
function instancesOf({ service, signal }: Wanted, readings: ReadonlyMap<string, unknown>): string[] {
  if (!signal.perInstance) return ['-'];
  if (service.instances?.kind === 'listed') return [...service.instances.names];
  const seen = [...readings.keys()].map((key) => JSON.parse(key) as [string, string, string]);
  return seen.flatMap(([name, instance, measured]) => (name === service.name && measured === signal.name ? [instance] : []));
}

const keyOf = (service: string, instance: string, signal: string): string => JSON.stringify([service, instance, signal]);

interface SampleRow {
  service: string;
  instance: string;
  signal: string;
  at: string;
  value: number | null;
  reason: string | null;
}

async function latest(pool: pg.Pool, wanted: readonly Wanted[]): Promise<[Map<string, Reading[]>, number]> {
  const { rows } = await pool.query<SampleRow & { now: Date }>(
    `select s.service, s.instance, s.signal, (extract(epoch from s.at) * 1000)::float8 as at, s.value, s.reason,
            clock_timestamp() as now
       from unnest($1::text[], $2::text[], $3::float8[], $4::int[]) as w(service, signal, window_ms, readings)
       cross join lateral (
         select * from (
           select service, instance, signal, at, value, reason,
                  row_number() over (partition by instance, value is null and reason not like 'unbounded%' order by at desc) as newest
             from samples
            where service = w.service and signal = w.signal and at > clock_timestamp() - w.window_ms * interval '1 ms'
         ) recent where newest <= w.readings
       ) s`,
    [
      wanted.map(({ service }) => service.name),
      wanted.map(({ signal }) => signal.name),
      wanted.map(({ objective }) => objective.silenceMs),
      wanted.map(({ objective }) => objective.votes.of),
    ],
  );
  const readings = new Map<string, Reading[]>();
  for (const row of rows) {
    const key = keyOf(row.service, row.instance, row.signal);
    readings.set(key, [...(readings.get(key) ?? []), readingOf(row)]);
  }
  return [readings, rows[0]?.now.getTime() ?? 0];
}
