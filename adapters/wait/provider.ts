import { setTimeout as sleep } from 'node:timers/promises';
import type { Provider, Target } from '../../activities/ports.js';
import type { Image } from '../../domain/effect.js';
import type { Action } from '../../domain/service.js';

type Wait = Extract<Action, { kind: 'wait' }>;

/** Gives a service time to recover by itself. It touches nothing, so there is nothing to compare, read back or undo. */
export function waitProvider(): Provider<Wait> {
  return {
    kind: 'wait',
    readBackBy: () => 'identity',
    fencedBy: 'self',
    resourceOf: async ({ service, instance }) => `wait/${service}/${instance ?? '-'}`,
    image: async () => untouched,
    examine: async (target) => ({ applicable: true, evidence: `it may recover by itself within ${seconds(target)}` }),
    apply: async (call) => {
      await call.permit();
      try {
        await sleep(call.action.forMs, undefined, { signal: call.abort });
      } catch (error) {
        throw new Error('the wait was called off', { cause: error });
      }
      return untouched;
    },
    // Nobody can tell a wait that was cut short from none, and another one harms nobody.
    readBack: async () => ({ kind: 'notApplied' }),
    undo: async () => ({ kind: 'undone', now: untouched }),
  };
}

const untouched: Image = { identity: 'untouched', summary: 'nothing is touched', content: {} };

const seconds = ({ action }: Target<Wait>): string => `${action.forMs / 1000}s`;
