import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MachineAction } from '../../domain/machine.js';

/** The folder in which the script keeps what it knows of a target. */
export function keyOf(action: MachineAction): string {
  const thing = action.kind === 'disk' ? action.under.join(' ') : action.kind === 'runit' ? action.service : action.unit;
  return createHash('sha256').update(`${action.kind} ${thing}`).digest('hex').slice(0, 32);
}

/** Whether the script has ended an action on the target: it says so in its journal before it answers. */
export function journalHasEnd(state: string, action: MachineAction): boolean {
  try {
    return /^(done|failed) /m.test(readFileSync(join(state, keyOf(action), 'journal'), 'utf8'));
  } catch {
    return false;
  }
}
