import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { guard } from '../guard.js';
import type { Part, Report } from './kept.js';
import { spawnLogged } from './spawn.js';
import type { Environment } from './temporal-target.js';

export type WorkerRole = 'cycles' | 'watch';

/** One worker process. */
export const workerPart = (role: WorkerRole, number: number, state: string, env: Environment, report: Report): Part =>
  guardedPart(`${role}-${number}`, ['worker.js', role], state, env, report);

/** The process that answers HTTP. */
export const webPart = (port: number, state: string, env: Environment, report: Report): Part =>
  guardedPart('web', ['../client/web/main.js', '--port', String(port)], state, env, report);

/** A process that answers its guard. An orphan of a killed hale is replaced: it has no guard, and shuts itself down anyway. */
function guardedPart(name: string, [entry = '', ...words]: readonly string[], state: string, env: Environment, report: Report): Part {
  const logFile = join(state, 'logs', `${name}.log`);
  const args = ['--enable-source-maps', fileURLToPath(new URL(`../${entry}`, import.meta.url)), ...words];
  let ready = false;
  return {
    role: name,
    logFile,
    endWith: 'SIGTERM',
    graceMs: 15_000,
    adoptable: false,
    isReady: async () => ready,
    launch: async () => {
      ready = false;
      const running = await spawnLogged({ command: process.execPath, args, logFile, env, channel: true });
      guard(
        running.child,
        () => (ready = true),
        (silentMs) => report(`${name} has been frozen for ${(silentMs / 1_000).toFixed(1)} s; ending it with SIGKILL`),
      );
      return running;
    },
  };
}
