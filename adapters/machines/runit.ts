import type { Provider } from '../../activities/ports.js';
import type { MachineAction } from '../../domain/machine.js';
import { first, type Facts } from './answer.js';
import { nameOf, type Machines } from './machines.js';
import { machineProvider, type OnMachine } from './provider.js';

type Runit = Extract<MachineAction, { kind: 'runit' }>;

/** Starts services of runit anew. A start is known by its process and when that began. */
export const runitProvider = (machines: Machines): Provider<Runit> => machineProvider(machines, runit);

const runit: OnMachine<Runit> = {
  kind: 'runit',
  thing: ({ service }) => service.replace(/^\//, ''),
  summary: (action, facts) => `${action.service} on ${nameOf(action)}: ${statusOf(facts)}`,
  obstacle: ({ command, service }, facts) => {
    if (first(facts, 'identity') === 'absent') return `gone: there is no ${service}`;
    if (command === 'start' && statusOf(facts).startsWith('run')) return `already so: ${service} runs`;
    return undefined;
  },
};

/** `run: (pid 4711) 5s`: without the folder, and without its log's state. */
const statusOf = (facts: Facts): string =>
  (first(facts, 'status') ?? 'in no known state').replace(/^(\w+): [^:]+: /, '$1: ').replace(/;.*$/, '');
