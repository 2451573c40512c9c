import type { Effect } from '../domain/effect.js';
import { NotPermitted } from '../domain/failure.js';
import type { Call, Ports } from './ports.js';

type Needs = Pick<Ports, 'controls' | 'leases'>;

/** The last look before a correction: as before its undo, and the service's pause. */
export const permitToAct = (ports: Needs, effect: Effect, fence: string, timeoutMs: number): Call['permit'] => {
  const permit = permitToUndo(ports, effect, fence, timeoutMs);
  return async () => {
    const paused = await ports.controls.paused(effect.service);
    if (paused !== undefined) throw new NotPermitted(`${effect.service} is paused by ${paused.by}`);
    await permit();
  };
};

/**
 * The last look before the world is touched: stop flag and lease, read now. A lease that would end during the call counts
 * as lost, because nobody could tell the call from its successor's. A pause keeps nobody from taking back what was done.
 */
export const permitToUndo =
  (ports: Needs, effect: Effect, fence: string, timeoutMs: number): Call['permit'] =>
  async () => {
    if (await ports.controls.stopped()) throw new NotPermitted('automation is stopped');
    if (await ports.leases.holds(effect.resource, effect.cycle, fence, timeoutMs)) return;
    throw new NotPermitted(`the lease on ${effect.resource} under fence ${fence} is lost or ends within ${timeoutMs} ms`);
  };
