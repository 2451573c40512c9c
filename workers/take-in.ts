import type pg from 'pg';
import type { Ports } from '../activities/ports.js';
import { postgresAlerts } from '../adapters/postgres/alerts.js';
import { listen } from '../adapters/postgres/listen.js';
import { doorbell, drainAlerts } from './drain.js';

/** Alerts are told by a notification; this is for those whose notification was lost. */
const DRAIN_EVERY_MS = 5_000;

/** Looks at what the web process kept, until aborted. */
export function takeIn(
  pool: pg.Pool,
  ports: Ports,
  { abort, failed }: { readonly abort: AbortSignal; readonly failed: (error: unknown) => void },
): void {
  const bell = doorbell();
  void listen(pool, 'hale_alerts', bell.ring, abort);
  void drainAlerts({ ...ports, alerts: postgresAlerts(pool) }, { everyMs: DRAIN_EVERY_MS, woken: bell.rung, abort, failed });
}
