import type pg from 'pg';
import type { Shards } from '../../activities/ports.js';
import { dayOf, daysAhead, keepDays, keptSince, sampleColumns } from './samples.js';

/**
 * One statement: the claim's row is locked and compared first, so that a watcher whose claim was taken over writes
 * nothing, however late it wakes up.
 */
const store = `
  with mine as (
    update shards set stored_at = clock_timestamp(), state = coalesce($3::jsonb, state)
     where shard = $1 and generation = $2 returning shard
  ), stored as (
    insert into samples (service, instance, signal, at, value, reason)
    select service, instance, signal, to_timestamp(at / 1000), value, reason
      from unnest($4::text[], $5::text[], $6::text[], $7::float8[], $8::float8[], $9::text[])
           as given (service, instance, signal, at, value, reason)
     where exists (select from mine)
    on conflict (service, instance, signal, at) do update set value = excluded.value, reason = excluded.reason
  )
  select count(*)::int as mine from mine`;

export function postgresShards(pool: pg.Pool): Shards {
  const daysMade = new Set<number>();
  const prepareDays = async (days: readonly number[], now: number): Promise<void> => {
    const missing = [...new Set(days)].filter((day) => !daysMade.has(day));
    if (missing.length === 0) return;
    await keepDays(pool, missing, now);
    for (const day of missing) daysMade.add(day);
  };
  return {
    async claim(shard) {
      await prepareDays(daysAhead(Date.now()), Date.now());
      const { rows } = await pool.query<{ generation: string; state: unknown }>(
        `insert into shards (shard, generation) values ($1, 1)
         on conflict (shard) do update set generation = shards.generation + 1, claimed_at = clock_timestamp()
         returning generation, state`,
        [shard],
      );
      const [row] = rows;
      if (row === undefined) throw new Error(`shard ${shard} could not be claimed`);
      return row;
    },
    async store(shard, generation, readings, state) {
      const now = Date.now();
      const kept = readings.filter((one) => one.reading.at >= keptSince(now));
      await prepareDays([...daysAhead(now), ...kept.map((one) => dayOf(one.reading.at))], now);
      const given = [shard, generation, state === undefined ? null : JSON.stringify(state), ...sampleColumns(kept)];
      const { rows } = await pool.query<{ mine: number }>(store, given);
      return rows[0]?.mine === 1;
    },
  };
}
