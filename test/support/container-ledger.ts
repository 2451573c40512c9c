import { text } from 'node:stream/consumers';
import type { GetEventsOptions } from 'dockerode';
import { images, type Dockerd } from './dockerd.js';

/** Ends at once when it is told to. */
export const idle = ['/bin/busybox', 'sh', '-c', 'trap "exit 0" TERM; while :; do sleep 600 & wait $!; done'];

export async function run({ client }: Dockerd, name: string, config: object = {}): Promise<void> {
  const container = await client.createContainer({ name, Image: images.v1, Cmd: idle, ...config });
  await container.start();
}

export async function replaceBySomebody(docker: Dockerd, name: string, config: object = {}): Promise<void> {
  await docker.client.getContainer(name).remove({ force: true });
  await run(docker, name, config);
}

export async function stateOf({ client }: Dockerd, name: string): Promise<string> {
  const { Id, State, HostConfig } = await client.getContainer(name).inspect();
  const { Memory, NanoCpus, RestartPolicy } = HostConfig;
  return JSON.stringify({ Id, running: State.Running, Memory, NanoCpus, RestartPolicy });
}

/** The engine's own account of what was done to containers of this name, since a second of the epoch: docker's events. */
export async function countOf({ client }: Dockerd, name: string, event: string, since: number): Promise<number> {
  // The next millisecond: events are told to the nanosecond, and this one may be of the millisecond that is now.
  const until = ((Date.now() + 1) / 1000).toFixed(3);
  const ask = { since, until, filters: { container: [name], event: [event] } };
  const lines = (await text(await client.getEvents(ask as unknown as GetEventsOptions))).split('\n');
  return lines.filter((line) => line.trim() !== '').length;
}

export interface Ledger {
  readonly count: () => Promise<number>;
  /** What happens meanwhile is somebody else's. */
  readonly bySomebody: (work: () => Promise<unknown>) => Promise<void>;
}

/** Counts from now on. */
export async function ledgerOf(docker: Dockerd, name: string, event: string): Promise<Ledger> {
  const since = Math.floor(Date.now() / 1000);
  const count = (): Promise<number> => countOf(docker, name, event, since);
  let others = await count();
  const bySomebody = async (work: () => Promise<unknown>): Promise<void> => {
    const before = await count();
    await work();
    others += (await count()) - before;
  };
  return { count: async () => (await count()) - others, bySomebody };
}
