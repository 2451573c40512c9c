import type { Effect } from '../domain/effect.js';
import { NotPermitted } from '../domain/failure.js';
import type { Call, Ports } from './ports.js';

/**
 * The last look before the world is touched: stop flag and lease, read now. A lease that would end during the call
 * counts as lost, because nobody could tell the call from its successor's.
 */
export const permitFor =
  (ports: Pick<Ports, 'controls' | 'leases'>, effect: Effect, fence: string, timeoutMs: number): Call['permit'] =>
  async () => {
    if (await ports.controls.stopped()) throw new NotPermitted('automation is stopped');
    if (await ports.leases.holds(effect.resource, effect.cycle, fence, timeoutMs)) return;
    throw new NotPermitted(`the lease on ${effect.resource} under fence ${fence} is lost or ends within ${timeoutMs} ms`);
  };
