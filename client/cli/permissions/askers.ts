import { join } from 'node:path';
import type { Machines } from '../../../adapters/machines/machines.js';
import type { Patience, RightState } from '../../../domain/right.js';
import type { MachineAction } from '../../../domain/machine.js';
import type { Action } from '../../../domain/service.js';
import { actionsOn } from './rights.js';

type Of<K extends Action['kind']> = Extract<Action, { kind: K }>;
type Some<A> = readonly [A, ...A[]];

/** How targets of one kind are asked what hale may do there, changing nothing. Its adapter keeps to the patience, and throws where nobody answers. */
export interface Asker<A extends Action> {
  /** Actions at the same place are asked about in one go. */
  readonly placeOf: (action: A) => unknown;
  /** @param all what is done at every place that is asked in this way: an account may need there what it does not need here */
  readonly ask: (actions: Some<A>, patience: Patience, all: readonly A[]) => Promise<readonly RightState[]>;
}

/** By kind of action; what has none can't be asked without acting. */
export type Askers = { readonly [K in Action['kind']]?: Asker<Of<K>> };

/** What talks to a target is loaded when there is one. `state`: the folder that the running hale keeps. */
export function askersOf(state: string): Askers {
  const machines = machineAsker(state);
  return {
    postgres: {
      placeOf: ({ connection }) => connection,
      ask: async (...asked) => (await import('../../../adapters/postgres-target/rights.js')).rightsInPostgres(...asked),
    },
    kubernetes: {
      placeOf: ({ access, namespace }) => [access, namespace],
      ask: async (...asked) => (await import('../../../adapters/kubernetes/rights.js')).rightsInCluster(...asked),
    },
    docker: {
      placeOf: ({ source }) => source.url,
      ask: async (actions, patience) => (await import('../../../adapters/docker/rights.js')).rightsAtDocker(actions, patience),
    },
    git: {
      placeOf: ({ repository }) => repository,
      ask: async (actions, patience) => (await import('../../../adapters/git/rights.js')).rightsInRepository(actions, patience),
    },
    alertmanager: {
      placeOf: ({ source }) => source,
      ask: async (actions, patience) => (await import('../../../adapters/alertmanager/rights.js')).rightsAtAlertmanager(actions, patience),
    },
    systemd: machines,
    runit: machines,
    disk: machines,
    exec: {
      placeOf: () => 'here',
      ask: async (actions) =>
        (await import('../../../adapters/exec/rights.js')).rightsToRun(
          actions.flatMap(({ argv, undoArgv, verifyArgv }) => [argv, undoArgv, verifyArgv]),
        ),
    },
    file: replacing,
    release: replacing,
  };
}

/** One for all machines, which keeps count of how many are talked to at once. */
function machineAsker(state: string): Asker<MachineAction> {
  let all: Promise<Machines> | undefined;
  return {
    placeOf: ({ machine }) => machine,
    ask: async (actions, patience, everywhere) => {
      const on = await (all ??= machinesOf(state));
      const host = actions[0].machine?.host;
      const { rightsOnMachine } = await import('../../../adapters/machines/rights.js');
      return rightsOnMachine(on, actions, patience, host === undefined ? [] : actionsOn(host, everywhere));
    },
  };
}

async function machinesOf(state: string): Promise<Machines> {
  const { machines } = await import('../../../adapters/machines/machines.js');
  const { commands } = await import('../../../adapters/exec/commands.js');
  return machines({ commands, state: join(state, 'machine') });
}

const replacing: Asker<Of<'file' | 'release'>> = {
  placeOf: () => 'here',
  ask: async (actions) => {
    const [{ rightToReplace }, { rightsToRun }] = await Promise.all([
      import('../../../adapters/filesystem/rights.js'),
      import('../../../adapters/exec/rights.js'),
    ]);
    return [...actions.map(rightToReplace), ...rightsToRun(actions.map(({ then }) => then))];
  },
};
