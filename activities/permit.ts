import type { Effect } from '../domain/effect.js';
import { NotPermitted } from '../domain/failure.js';
import type { Call, Ports, Provider } from './ports.js';

type Needs = Pick<Ports, 'controls' | 'leases'>;

/** What a call is about to be made on: how long it may take, and who compares its fence. */
interface Calling extends Pick<Call, 'timeoutMs'> {
  readonly fencedBy: Provider['fencedBy'];
  /** A pause keeps hale from correcting; it keeps nobody from taking back what was done. */
  readonly purpose: 'correction' | 'undo';
}

/** Nobody takes over from a worker that gave a sign of life within the last 5 s, as it does each second. */
const ANSWER_MS_MAX = 3_000;
const LOOKS_MAX = 3;

/**
 * The last look before the world is touched: stop flag, pause and lease, read now. A lease that would end during the call
 * counts as lost, because nobody could tell the call from its successor's.
 */
export const permitFor = (ports: Needs, effect: Effect, fence: string, { timeoutMs, fencedBy, purpose }: Calling): Call['permit'] => {
  const look = async (): Promise<void> => {
    if (await ports.controls.stopped()) throw new NotPermitted('automation is stopped');
    const paused = purpose === 'correction' ? await ports.controls.paused(effect.service) : undefined;
    if (paused !== undefined) throw new NotPermitted(`${effect.service} is paused by ${paused.by}`);
    if (await ports.leases.holds(effect.resource, effect.cycle, fence, timeoutMs)) return;
    throw new NotPermitted(`the lease on ${effect.resource} under fence ${fence} is lost or ends within ${timeoutMs} ms`);
  };
  return fencedBy === 'target' ? look : () => lookQuickly(look);
};

/**
 * Looks again when that took long: frozen in between, this process would act on an answer of before, and its target compares no
 * fence. What is left is the time between the end of this and the act.
 */
async function lookQuickly(look: () => Promise<void>): Promise<void> {
  for (let looks = 1; looks <= LOOKS_MAX; looks++) {
    const began = Date.now();
    await look();
    if (Date.now() - began <= ANSWER_MS_MAX) return;
  }
  throw new NotPermitted(`stop and lease could not be looked at within ${ANSWER_MS_MAX} ms`);
}
