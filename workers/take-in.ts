import type pg from 'pg';
import type { Ports } from '../activities/ports.js';
import { postgresAlerts } from '../adapters/postgres/alerts.js';
import { postgresFeeds } from '../adapters/postgres/changes.js';
import { listen } from '../adapters/postgres/listen.js';
import { readFeeds } from './feeds.js';
import { doorbell, drainAlerts } from './drain.js';

/** Alerts are told by a notification; this is for those whose notification was lost. */
const DRAIN_EVERY_MS = 5_000;
/** Each feed has its own `refresh`; this is how often it is asked whether it is due. */
const FEED_LOOK_EVERY_MS = 5_000;

/** Looks at what the web process kept, and for changes that nobody reports, until aborted. `mirrors` is a folder of its own. */
export function takeIn(
  pool: pg.Pool,
  ports: Ports,
  { mirrors, abort, failed }: { readonly mirrors: string; readonly abort: AbortSignal; readonly failed: (error: unknown) => void },
): void {
  const bell = doorbell();
  void listen(pool, 'hale_alerts', bell.ring, abort);
  void readFeeds({ ...ports, feeds: postgresFeeds(pool), mirrors }, { everyMs: FEED_LOOK_EVERY_MS, abort, failed });
  void drainAlerts({ ...ports, alerts: postgresAlerts(pool) }, { everyMs: DRAIN_EVERY_MS, woken: bell.rung, abort, failed });
}
