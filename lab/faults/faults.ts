import { badConfig, badRelease, memoryLeak } from './deploy.js';
import type { Fault } from './fault.js';
import { lockQueue } from './lock-queue.js';
import { UsageError } from '../usage.js';
import { hang, kill } from './process.js';

export const faults = {
  kill,
  hang,
  'bad-config': badConfig,
  'bad-release': badRelease,
  'memory-leak': memoryLeak,
  'lock-queue': lockQueue,
} as const satisfies Readonly<Record<string, Fault>>;

export type FaultName = keyof typeof faults;

/** Reads "kill,hang"; throws a sentence that names the unknown one and what there is. */
export function parseFaults(list: string): FaultName[] {
  return list.split(',').map((name) => {
    if (!Object.hasOwn(faults, name)) throw new UsageError(`no fault ${name}: there is ${Object.keys(faults).join(', ')}`);
    return name as FaultName;
  });
}
