import type { Provider } from '../../activities/ports.js';
import type { MachineAction } from '../../domain/machine.js';
import { first, type Facts } from './answer.js';
import { nameOf, type Machines } from './machines.js';
import { machineProvider, type OnMachine } from './provider.js';

type Systemd = Extract<MachineAction, { kind: 'systemd' }>;

/** Starts units of systemd anew. A start is known by its InvocationID, which no other start ever has. */
export const systemdProvider = (machines: Machines): Provider<Systemd> => machineProvider(machines, systemd);

export const systemd: OnMachine<Systemd> = {
  kind: 'systemd',
  thing: ({ unit }) => unit,
  summary: (action, facts) => `${action.unit} on ${nameOf(action)} is ${stateOf(facts)}${processOf(facts)}`,
  obstacle,
};

function obstacle({ command, unit }: Systemd, facts: Facts): string | undefined {
  const active = first(facts, 'ActiveState');
  const load = first(facts, 'LoadState') ?? 'not told';
  switch (load) {
    case 'not-found':
      return `gone: there is no unit ${unit}`;
    case 'masked':
      return `${unit} is masked: somebody has forbidden to start it, and systemctl unmask allows it again`;
    case 'loaded':
      break;
    default:
      return `${unit} can't be loaded: its LoadState is ${load}`;
  }
  if (active !== 'active' && active !== 'inactive' && active !== 'failed')
    return `${unit} is ${stateOf(facts)}: systemd is at work on it already`;
  if (command === 'start' && active === 'active') return `already so: ${unit} is ${stateOf(facts)}`;
  if (command === 'resetFailed' && active !== 'failed') return `already so: ${unit} is ${stateOf(facts)} and has not failed`;
  return undefined;
}

const stateOf = (facts: Facts): string =>
  `${first(facts, 'ActiveState') ?? 'in no known state'} (${first(facts, 'SubState') ?? 'unknown'})`;

function processOf(facts: Facts): string {
  const pid = first(facts, 'MainPID');
  if (pid !== undefined && pid !== '0') return `, process ${pid}`;
  const result = first(facts, 'Result');
  return result === undefined || result === 'success' ? '' : `, ${result}, exit status ${first(facts, 'ExecMainStatus') ?? 'unknown'}`;
}
