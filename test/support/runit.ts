import { onTestFinished } from 'vitest';
import { freshFolder } from './knob.js';
import { ownRunit, type RunitService } from './own-runit.js';

export type { RunitService } from './own-runit.js';

/** Gone when the test ends. */
export async function freshRunit(run?: string): Promise<RunitService> {
  const runit = await ownRunit(await freshFolder(), run);
  onTestFinished(runit.stop);
  return runit;
}
