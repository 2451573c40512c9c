import { afterAll, beforeAll } from 'vitest';
import type { DockerOperation } from '../../domain/service.js';
import {
  aimed,
  badlyReplaced,
  goodConfig,
  keyOf,
  ledgerOf,
  replaceBySomebody,
  run,
  stateOf,
  type DockerAction,
} from '../support/containers.js';
import { startDockerd, type Dockerd } from '../support/dockerd.js';
import { holdsProviderContract, type Bench } from '../../testing/provider.contract.js';

let docker: Dockerd;
beforeAll(async () => void (docker = await startDockerd()));
afterAll(() => docker.stop());

/** @param lost the request whose answer never arrives */
async function benchOf(operation: DockerOperation, event: string, lost: RegExp): Promise<Bench<DockerAction>> {
  const config = operation === 'limits' ? { HostConfig: { Memory: 33_554_432, NanoCpus: 500_000_000 } } : {};
  const one = await aimed(docker, operation, { config, ...(operation === 'limits' ? { memoryBytes: 67_108_864 } : {}) });
  const { name, proxy } = one;
  const ledger = await ledgerOf(docker, name, event);
  await ledger.bySomebody(async () => operation === 'start' && docker.client.getContainer(name).stop({ t: 1 }));
  return {
    ...one,
    effects: ledger.count,
    state: () => stateOf(docker, name),
    disturb: () => ledger.bySomebody(() => replaceBySomebody(docker, name, config)),
    loseAnswers: async () => void (proxy.loseAnswersTo = lost),
    hang: async () => void (proxy.hanging = true),
    remove: () => ledger.bySomebody(() => docker.client.getContainer(name).remove({ force: true })),
  };
}

async function recreating(): Promise<Bench<DockerAction>> {
  const one = await badlyReplaced(docker);
  const { name, proxy, target, provider } = one;
  const other = `${name}-other`;
  const made = await ledgerOf(docker, `${name}.hale-new-${keyOf('cycle/1/fix')}`, 'create');
  return {
    ...one,
    tempt: async () => {
      await run(docker, other, { ...goodConfig, Env: ['PORT=2'] });
      return provider.image({ ...target, action: { ...target.action, pick: { container: other } } });
    },
    effects: made.count,
    state: () => stateOf(docker, name),
    disturb: () => replaceBySomebody(docker, name, { Env: ['PORT=3'] }),
    loseAnswers: async () => void (proxy.loseAnswersTo = /start$/),
    hang: async () => void (proxy.hanging = true),
    remove: () => docker.client.getContainer(name).remove({ force: true }),
  };
}

const noUndo = { undo: 'what ended with a restart can not be brought back' };
const noGoal = { goal: 'what it is to become stands in the configuration' };
// hardRestart and stop are made of the same parts as these two.
holdsProviderContract('docker restart', () => benchOf('restart', 'restart', /restart$/), { ...noUndo, ...noGoal });
holdsProviderContract('docker start', () => benchOf('start', 'start', /start$/), noGoal);
holdsProviderContract('docker limits', () => benchOf('limits', 'update', /update$/), noGoal);
holdsProviderContract('docker recreate', recreating);
