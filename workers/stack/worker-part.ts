import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { guard } from '../guard.js';
import type { Part, Report } from './kept.js';
import { spawnLogged } from './spawn.js';
import type { Environment } from './temporal-target.js';

export type WorkerRole = 'cycles' | 'watch';

/** One worker process. An orphan of a killed hale is replaced: it has no guard, and shuts itself down anyway. */
export function workerPart(role: WorkerRole, number: number, state: string, env: Environment, report: Report): Part {
  const name = `${role}-${number}`;
  const logFile = join(state, 'logs', `${name}.log`);
  const entry = fileURLToPath(new URL('../worker.js', import.meta.url));
  let polls = false;
  return {
    role: name,
    logFile,
    endWith: 'SIGTERM',
    graceMs: 15_000,
    adoptable: false,
    isReady: async () => polls,
    launch: async () => {
      polls = false;
      const args = ['--enable-source-maps', entry, role];
      const running = await spawnLogged({ command: process.execPath, args, logFile, env, channel: true });
      guard(
        running.child,
        () => (polls = true),
        (silentMs) => report(`${name} has been frozen for ${(silentMs / 1_000).toFixed(1)} s; ending it with SIGKILL`),
      );
      return running;
    },
  };
}
