import { setTimeout as wait } from 'node:timers/promises';
import type pg from 'pg';

const againMs = 5_000;

/**
 * Calls `heard` at each notification until aborted, and whenever listening begins anew, since what was notified meanwhile
 * was heard by nobody. Whoever needs certainty looks by itself now and then.
 */
export async function listen(pool: pg.Pool, channel: string, heard: () => void, abort: AbortSignal): Promise<void> {
  while (!abort.aborted) {
    await listenOnce(pool, channel, heard, abort).catch(() => undefined);
    await wait(againMs, undefined, { signal: abort }).catch(() => undefined);
  }
}

async function listenOnce(pool: pg.Pool, channel: string, heard: () => void, abort: AbortSignal): Promise<void> {
  const client = await pool.connect();
  const over = new Promise<void>((resolve) => {
    client.once('error', () => resolve());
    client.once('end', () => resolve());
    abort.addEventListener('abort', () => resolve(), { once: true });
  });
  try {
    client.on('notification', heard);
    await client.query(`listen ${client.escapeIdentifier(channel)}`);
    heard();
    await over;
  } finally {
    // Nobody else may be given a connection that listens.
    client.release(true);
  }
}
