import type { WithdrawCorrection, Withdrawn } from '../contracts/activities.js';
import type { Ports } from './ports.js';

/** What no worker took in time is not to be done any more. Once it was begun it can't be withdrawn. */
export const withdrawCorrection =
  ({ effects }: Pick<Ports, 'effects'>) =>
  async ({ actionId, why }: WithdrawCorrection): Promise<Withdrawn> => {
    if (await effects.move(actionId, ['prepared'], 'notApplied', { why })) return { withdrawn: true };
    // A try whose answer was lost has withdrawn it before.
    const effect = await effects.get(actionId);
    return { withdrawn: effect?.state === 'notApplied' };
  };
