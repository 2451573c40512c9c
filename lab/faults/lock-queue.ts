import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Site } from '../site/site.js';
import type { Fault } from './fault.js';

/**
 * Somebody's transaction was left open after a read, a schema change waits for it, and every query of the shop waits behind
 * the schema change. The sessions belong to a process of their own, as in life; it ends with them or with the database.
 */
export const lockQueue: Fault = {
  repairedBy: ['end-root-blocker'],
  inject: async (site: Site) => {
    const sessions = fork(fileURLToPath(new URL('lock-sessions.js', import.meta.url)), [site.folder], { detached: true, stdio: 'ignore' });
    await Promise.race([once(sessions, 'message'), once(sessions, 'exit').then(() => neverHeld())]);
    sessions.disconnect();
    sessions.unref();
  },
};

function neverHeld(): never {
  throw new Error('the sessions of lock-queue ended before they held a lock');
}
