import type pg from 'pg';
import type { KnownGood } from '../../activities/ports.js';
import type { Image } from '../../domain/effect.js';
import { instanceKey } from './database.js';

/** Images of targets seen while their service was healthy; one row per image, so that the latest good one can be found. */
export function postgresKnownGood(pool: pg.Pool): KnownGood {
  return {
    latest: async (service, instance, correction) => {
      const { rows } = await pool.query<{ image: Image; last_good_at: Date }>(
        `select image, last_good_at from known_good
          where service = $1 and instance = $2 and correction = $3 order by last_good_at desc limit 1`,
        [service, instanceKey(instance), correction],
      );
      const row = rows[0];
      return row && { image: row.image, lastGoodAt: row.last_good_at.getTime() };
    },
    record: async (service, instance, correction, image) => {
      await pool.query(
        `insert into known_good (service, instance, correction, identity, image) values ($1, $2, $3, $4, $5)
         on conflict (service, instance, correction, identity) do update set image = excluded.image, last_good_at = clock_timestamp()`,
        [service, instanceKey(instance), correction, image.identity, JSON.stringify(image)],
      );
    },
  };
}
