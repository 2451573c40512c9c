import { createHmac, randomUUID } from 'node:crypto';
import { signedText, type DecisionAddress } from '../contracts/decision.js';
import type { SigningKey } from '../adapters/postgres/controls.js';
import type { Decision, Signature } from '../contracts/messages.js';

const VALID_MS = 60_000;

/** Vouches for a decision: it counts for this cycle only, once, and for a minute. */
export function signed(address: DecisionAddress, decision: Decision, groups: readonly string[], key: SigningKey): Decision {
  const unsealed = { key: key.id, nonce: randomUUID(), expiresAt: key.now + VALID_MS, groups };
  const mac = createHmac('sha256', key.secret)
    .update(signedText(address, decision, unsealed))
    .digest('hex');
  const signature: Signature = { ...unsealed, mac };
  return { ...decision, signature };
}
