import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { isSameMachine } from './machines.js';
import { carriedBy } from './processes.js';
import { serverAtUrl, serverOn, type Servers } from './servers.js';

/** A container as far as it says what of hale's own it may be. */
export interface Standing {
  readonly id: string;
  readonly pid: number;
  readonly host: string;
  readonly published: readonly string[];
  readonly addresses: readonly string[];
}

/**
 * What of hale's own a container is: hale itself, or one of its servers, by the port that is published, by the container's own
 * address, or by the process that listens.
 */
export async function ownInContainer(standing: Standing, self: number, servers: Servers): Promise<string | undefined> {
  if (await isThisContainer(standing.id)) return 'program';
  for (const address of standing.published) {
    const server = await serverAtUrl(servers, `http://${address}`);
    if (server !== undefined) return server;
  }
  for (const address of standing.addresses) {
    const server = await serverOn(servers, address);
    if (server !== undefined) return server;
  }
  const isHere = standing.pid > 0 && (await isSameMachine(standing.host, 'localhost'));
  return isHere ? carriedBy(standing.pid, self, servers) : undefined;
}

/** docker gives a container the beginning of its id as host name; its control groups and mounts have the whole id. */
async function isThisContainer(id: string): Promise<boolean> {
  if (hostname() === id.slice(0, 12)) return true;
  const told = await Promise.all(['cgroup', 'mountinfo'].map((file) => readFile(`/proc/self/${file}`, 'utf8').catch(() => '')));
  return told.some((text) => text.includes(id));
}
