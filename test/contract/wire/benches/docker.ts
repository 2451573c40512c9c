import { text } from 'node:stream/consumers';
import type { GetEventsOptions } from 'dockerode';
import type { Action } from '../../../../domain/service.js';
import { images, startDockerd, type Dockerd } from '../../../support/dockerd.js';
import type { WireBench, WireTarget } from '../bench.js';
import { built } from './module.js';

type DockerAction = Extract<Action, { kind: 'docker' }>;

/** Ends at once when it is told to. */
const idle = ['/bin/busybox', 'sh', '-c', 'trap "exit 0" TERM; while :; do sleep 600 & wait $!; done'];

let docker: Dockerd | undefined;
let number = 0;

/** A real docker for all, and a container for each: docker's own events are the ledger. */
export const dockerRestart: WireBench<DockerAction> = {
  name: 'docker restart',
  provider: built('adapters/docker/provider', 'dockerProvider'),
  without: { undo: 'a container that was started anew is as it was' },
  open: async () => void (docker = await startDockerd()),
  close: async () => docker?.stop(),
  arrange: async () => {
    if (docker === undefined) throw new Error('the bench is not open');
    number += 1;
    return arrange(docker, `wire-${number}`);
  },
};

async function arrange({ client, socket }: Dockerd, name: string): Promise<WireTarget<DockerAction>> {
  const run = async (): Promise<void> => (await client.createContainer({ name, Image: images.v1, Cmd: idle })).start();
  const remove = async (): Promise<void> => client.getContainer(name).remove({ force: true });
  await run();
  const since = Math.floor(Date.now() / 1000);
  const restarts = async (): Promise<number> => {
    const asked = { since, until: (Date.now() / 1000).toFixed(3), filters: { container: [name], event: ['restart'] } };
    const lines = (await text(await client.getEvents(asked as unknown as GetEventsOptions))).split('\n');
    return lines.filter((line) => line.trim() !== '').length;
  };
  return {
    address: { path: socket },
    aimedAt: (port) => {
      const source = { name: 'dock', url: `http://127.0.0.1:${port}` };
      const action: DockerAction = { kind: 'docker', source, pick: { container: name }, operation: 'restart', stopWithinMs: 1_000 };
      return { service: 'shop', action, timeoutMs: 3_000 };
    },
    isAct: (bytes) => /POST [^ ]*\/restart/.test(bytes.toString('latin1')),
    effects: restarts,
    state: async () => {
      const { Id, State } = await client.getContainer(name).inspect();
      return JSON.stringify([Id, State.StartedAt]);
    },
    disturb: async () => {
      await remove();
      await run();
    },
    remove,
    close: () => remove().catch(() => undefined),
  };
}
