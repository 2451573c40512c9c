import type { Provider } from '../../activities/ports.js';
import type { MachineAction } from '../../domain/machine.js';
import { first, type Facts } from './answer.js';
import { nameOf, type Machines } from './machines.js';
import { machineProvider, type OnMachine } from './provider.js';

type Disk = Extract<MachineAction, { kind: 'disk' }>;

/** Frees space that logs take up: by emptying the largest, or by telling who holds deleted ones to let go of them. */
export const diskProvider = (machines: Machines): Provider<Disk> => machineProvider(machines, disk);

const disk: OnMachine<Disk> = {
  kind: 'disk',
  thing: ({ under }) => under.map((folder) => folder.replace(/^\//, '')).join(','),
  summary: (action, facts) => {
    const files = filesIn(facts);
    if (files.length === 0) return `nothing to ${doing(action)} under ${action.under.join(', ')} on ${nameOf(action)}`;
    const sum = files.reduce((bytes, { size }) => bytes + size, 0);
    return `${files.length} ${files.length === 1 ? 'file' : 'files'} with ${readable(sum)} on ${nameOf(action)}: ${files.map(describe).join(', ')}`;
  },
  obstacle: (action, facts) => {
    const obstacle = first(facts, 'obstacle');
    if (obstacle !== undefined) return obstacle;
    if (filesIn(facts).length > 0) return undefined;
    const what = action.command === 'reopenLogs' ? 'no deleted file that is still open for writing' : 'no log';
    return `already so: there is ${what} of at least ${readable(action.atLeastBytes)} under ${action.under.join(', ')}`;
  },
};

const doing = ({ command }: Disk): string => (command === 'reopenLogs' ? 'reopen' : 'empty');

interface LogFile {
  readonly size: number;
  readonly path: string;
  /** Processes that hold it, though it was deleted. */
  readonly holders: readonly string[];
}

const filesIn = (facts: Facts): LogFile[] =>
  (Object.hasOwn(facts, 'file') ? (facts.file ?? []) : []).map((line) => {
    const [, size = '0', path = '', holders = '-'] = line.split(' ');
    return { size: Number(size), path, holders: holders === '-' ? [] : holders.split(',').map((one) => one.replace(':', ' ')) };
  });

const describe = ({ path, size, holders }: LogFile): string =>
  `${path} (${readable(size)}${holders.length === 0 ? '' : `, deleted, held open by ${holders.join(', ')}`})`;

const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];

function readable(bytes: number): string {
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${Number((bytes / 1000 ** power).toPrecision(3))} ${units[power]}`;
}
