import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { CannotStart } from './cannot-start.js';
import { identify, isGoneWithin, type ProcessIdentity } from './process-identity.js';

export interface Order {
  readonly command: string;
  readonly args: readonly string[];
  /** Standard output and error are appended here. */
  readonly logFile: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Whom to run as, when this process is root and the program refuses to be. */
  readonly account?: { readonly uid: number; readonly gid: number };
  /** Tells the child by 'disconnect' when this process is gone, and lets it answer the guard. */
  readonly channel?: boolean;
}

export interface Running {
  readonly identity: ProcessIdentity;
  /** Resolves to how it ended, as `exit code 1` or `SIGKILL`. */
  readonly ended: Promise<string>;
}

const logBytesMax = 10 * 1024 * 1024;

/**
 * Starts a program in a process group of its own: Ctrl-C at the terminal must reach hale only, which then ends its
 * children in the right order. Throws CannotStart when the program can't be executed.
 */
export async function spawnLogged(order: Order): Promise<Running & { readonly child: ChildProcess }> {
  rotate(order.logFile);
  const log = openSync(order.logFile, 'a', 0o640);
  const child = spawn(order.command, order.args, {
    detached: true,
    stdio: ['ignore', log, log, ...(order.channel ? (['ipc'] as const) : [])],
    ...(order.env && { env: order.env }),
    ...(order.account && { ...order.account, cwd: '/' }),
  });
  closeSync(log);
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
    child.once('error', (error) => resolve(error.message));
  });
  const identity = child.pid === undefined ? undefined : identify(child.pid);
  if (identity === undefined) throw new CannotStart(`${order.command} did not start: ${await ended}. ${logTail(order.logFile)}`);
  return { child, identity, ended };
}

/** A process that an earlier, killed hale started. It is not our child, so its end is found by looking. */
export function adopt(identity: ProcessIdentity): Running {
  return { identity, ended: isGoneWithin(identity, Infinity).then(() => 'ended') };
}

/** The last lines of a log, as the end of an error sentence. */
export function logTail(logFile: string, lines = 6): string {
  try {
    const text = readFileSync(logFile, 'utf8').trim().split('\n').slice(-lines).join('\n  ');
    return `Its log ${logFile} ends with:\n  ${text}`;
  } catch {
    return `Its log would be ${logFile}.`;
  }
}

/** One old log is kept: logs of a service that runs for months must not fill the disk. */
function rotate(logFile: string): void {
  const bytes = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes > logBytesMax) renameSync(logFile, `${logFile}.1`);
}
