import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** One process beyond doubt: a pid alone may by now belong to somebody else. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot on Linux, a date as `ps` prints it elsewhere; compared, never computed with. */
  readonly startTime: string;
  readonly executable: string;
}

/** undefined when there is no such process, or it has ended and only waits to be reaped. */
export function identify(pid: number): ProcessIdentity | undefined {
  try {
    return process.platform === 'linux' ? identifyByProc(pid) : identifyByPs(pid);
  } catch {
    return undefined;
  }
}

export function isRunning(identity: ProcessIdentity): boolean {
  const now = identify(identity.pid);
  return now?.startTime === identity.startTime && now.executable === identity.executable;
}

/** Sends the signal to this very process; false when it is not there any more. */
export function signal(identity: ProcessIdentity, name: NodeJS.Signals): boolean {
  return isRunning(identity) && process.kill(identity.pid, name);
}

/** Ends the process: asks with `name`, and after `graceMs` insists with SIGKILL. Resolves when it is gone. */
export async function end(identity: ProcessIdentity, name: NodeJS.Signals, graceMs: number): Promise<void> {
  if (!signal(identity, name)) return;
  if (await isGoneWithin(identity, graceMs)) return;
  signal(identity, 'SIGKILL');
  await isGoneWithin(identity, 5_000);
}

/** Waits until the process is gone, at most `ms`. It need not be our child, so there is nothing to await but the look. */
export async function isGoneWithin(identity: ProcessIdentity, ms: number): Promise<boolean> {
  const deadline = Date.now() + ms;
  while (isRunning(identity)) {
    if (Date.now() > deadline) return false;
    await delay(50);
  }
  return true;
}

function identifyByProc(pid: number): ProcessIdentity | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the name in brackets and may hold anything, even brackets: count from the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTime] = [fields[0], fields[19]];
  if (startTime === undefined || state === 'Z') return undefined;
  return { pid, startTime, executable: readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, '') };
}

function identifyByPs(pid: number): ProcessIdentity | undefined {
  const line = execFileSync('ps', ['-o', 'stat=,lstart=,comm=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  const [, state, startTime, executable] = /^(\S+)\s+(\w+ +\w+ +\d+ [\d:]+ \d+)\s+(.*)$/.exec(line) ?? [];
  if (startTime === undefined || executable === undefined || state?.startsWith('Z')) return undefined;
  return { pid, startTime, executable };
}
