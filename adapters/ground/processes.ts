import { readdir, readFile, readlink } from 'node:fs/promises';
import { isSameMachine } from './machines.js';
import type { Servers } from './servers.js';

/** What of hale's own this process carries: hale itself, or the server that listens where hale connects to. */
export async function carriedBy(pid: number, self: number, servers: Servers): Promise<string | undefined> {
  if (await isAbove(pid, self)) return 'program';
  for (const [name, address] of Object.entries(servers)) {
    if (address === undefined) continue;
    const at = address.lastIndexOf(':');
    if (!(await isSameMachine(address.slice(0, at), 'localhost'))) continue;
    for (const listener of await listenersOn(Number(address.slice(at + 1)))) if (await isAbove(pid, listener)) return name;
  }
  return undefined;
}

/** Whether ending the one ends the other: it is the same process, or one that it came from. */
async function isAbove(pid: number, process: number): Promise<boolean> {
  for (let one = process; one > 0; one = await parentOf(one)) if (one === pid) return true;
  return false;
}

/** A process that is gone has no parent; the name in brackets may have brackets itself. */
async function parentOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return Number(stat.slice(stat.lastIndexOf(')') + 1).split(' ')[2] ?? 0);
}

const LISTENING = '0A';

async function listenersOn(port: number): Promise<number[]> {
  const tables = await Promise.all(['tcp', 'tcp6'].map((table) => readFile(`/proc/net/${table}`, 'utf8').catch(() => '')));
  const rows = tables.flatMap((table) => table.split('\n').map((line) => line.trim().split(/\s+/)));
  const inodes = rows.filter(([, local = '', , state]) => state === LISTENING && parseInt(local.split(':')[1] ?? '', 16) === port);
  return inodes.length === 0 ? [] : holdersOf(inodes.map((row) => `socket:[${row[9]}]`));
}

/** As far as this account may see the files of processes. */
async function holdersOf(sockets: readonly string[]): Promise<number[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const holds = await Promise.all(pids.map((pid) => isHolder(pid, sockets)));
  return pids.filter((_, index) => holds[index]).map(Number);
}

async function isHolder(pid: string, sockets: readonly string[]): Promise<boolean> {
  const files = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const links = await Promise.all(files.map((file) => readlink(`/proc/${pid}/fd/${file}`).catch(() => '')));
  return links.some((link) => sockets.includes(link));
}
