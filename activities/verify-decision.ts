import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Verified, VerifyDecision } from '../contracts/activities.js';
import { signedText } from '../contracts/decision.js';
import type { Ports } from './ports.js';

/**
 * Whether a signature vouches for the decision it came with: made with one of hale's keys over these very words for this
 * very cycle, in time, and not used before. Outside the workflow, so that no key ever enters a history.
 */
export const verifyDecision =
  (ports: Pick<Ports, 'signatures'>) =>
  async ({ workflowId, cycle, decision, signature, updateId }: VerifyDecision): Promise<Verified> => {
    const secret = await ports.signatures.key(signature.key);
    if (secret === undefined) return refused(`no key ${JSON.stringify(signature.key)} is known here`);
    const expected = createHmac('sha256', secret)
      .update(signedText({ workflowId, cycle }, decision, signature))
      .digest();
    const given = Buffer.from(signature.mac, 'hex');
    if (given.length !== expected.length || !timingSafeEqual(given, expected))
      return refused('it is not for this decision, or was changed');
    switch (await ports.signatures.use(signature.nonce, `${cycle}/${updateId}`, signature.expiresAt)) {
      case 'fresh':
        return { kind: 'verified' };
      case 'expired':
        return refused('its time is over');
      case 'used':
        return refused('it was used before');
    }
  };

const refused = (why: string): Verified => ({ kind: 'refused', sentence: `the signature does not count: ${why}; decide again` });
