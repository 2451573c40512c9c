import type { Action } from '../../../../domain/service.js';
import { ledgerOf, replaceBySomebody, run, stateOf } from '../../../support/container-ledger.js';
import { startDockerd, type Dockerd } from '../../../support/dockerd.js';
import type { WireBench, WireTarget } from '../bench.js';
import { built } from './module.js';

type DockerAction = Extract<Action, { kind: 'docker' }>;
type Operation = 'restart' | 'start';

let docker: Promise<Dockerd> | undefined;
let users = 0;
let number = 0;

/** A real docker for all, and a container for each: docker's own events are the ledger. */
const benchOf = (operation: Operation, without: WireBench['without'] = {}): WireBench<DockerAction> => ({
  name: `docker ${operation}`,
  provider: built('adapters/docker/provider', 'dockerProvider'),
  without,
  open: async () => {
    users += 1;
    await (docker ??= startDockerd());
  },
  close: async () => {
    users -= 1;
    if (users === 0) await (await docker)?.stop();
  },
  arrange: async () => {
    if (docker === undefined) throw new Error('the bench is not open');
    number += 1;
    const name = `wire-${number}`;
    return arrange(await docker, operation, name);
  },
});

export const dockerRestart = benchOf('restart', { undo: 'a container that was started anew is as it was' });
export const dockerStart = benchOf('start');

async function arrange(dockerd: Dockerd, operation: Operation, name: string): Promise<WireTarget<DockerAction>> {
  const { client, socket } = dockerd;
  await run(dockerd, name);
  if (operation === 'start') await client.getContainer(name).stop({ t: 1 });
  const ledger = await ledgerOf(dockerd, name, operation);
  const remove = async (): Promise<void> => client.getContainer(name).remove({ force: true });
  return {
    address: { path: socket },
    aimedAt: (port) => {
      const source = { name: 'dock', url: `http://127.0.0.1:${port}` };
      const action: DockerAction = { kind: 'docker', source, pick: { container: name }, operation, stopWithinMs: 1_000 };
      return { service: 'shop', action, timeoutMs: 2_500 };
    },
    isAct: (bytes) => new RegExp(`POST [^ ]*/${operation}`).test(bytes.toString('latin1')),
    isUndo: (bytes) => /POST [^ ]*\/stop/.test(bytes.toString('latin1')),
    effects: ledger.count,
    state: async () => (operation === 'start' ? stateOf(dockerd, name) : startOf(dockerd, name)),
    disturb: () => ledger.bySomebody(() => replaceBySomebody(dockerd, name)),
    remove,
    close: () => remove().catch(() => undefined),
  };
}

async function startOf({ client }: Dockerd, name: string): Promise<string> {
  const { Id, State } = await client.getContainer(name).inspect();
  return JSON.stringify([Id, State.StartedAt]);
}
