import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import type { Told } from './target/words.js';

/** The process that made a call that is with the target now; undefined when it is gone, or the machine can't tell. */
export function callerOf({ callerPid, callerPort }: Told, candidates: readonly number[]): number | undefined {
  if (callerPid !== undefined) return candidates.find((pid) => pid === callerPid);
  const inode = callerPort === undefined ? undefined : inodeOf(callerPort);
  return inode === undefined ? undefined : candidates.find((pid) => holds(pid, inode));
}

const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');

/** The socket whose own end is this loopback port. */
function inodeOf(port: number): string | undefined {
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n');
  const fields = lines.map((line) => line.trim().split(/\s+/)).find(([, local]) => local === `0100007F:${hex(port)}`);
  return fields?.[9];
}

function holds(pid: number, inode: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => linkOf(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`);
  } catch {
    return false;
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

export const isAlive = (pid: number): boolean => signalled(pid, 0);

/** False when it has ended by itself. */
export const kill = (pid: number): boolean => signalled(pid, 'SIGKILL');

function signalled(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
