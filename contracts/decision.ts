import type { Decision, Signature } from './messages.js';

/** The cycle that a decision is for. */
export interface DecisionAddress {
  readonly workflowId: string;
  /** First execution run id. */
  readonly cycle: string;
}

/**
 * What a signature covers: every word of the decision and the one cycle it is meant for, so that it can be neither changed
 * nor used elsewhere. HMAC-SHA256 of this text, in hex, under the key that `signature.key` names.
 */
export const signedText = (
  { workflowId, cycle }: DecisionAddress,
  { by, decision, proposal, reason }: Decision,
  { key, nonce, expiresAt, groups }: Omit<Signature, 'mac'>,
): string => JSON.stringify(['hale/decision/v1', workflowId, cycle, proposal, decision, by, reason ?? null, groups, key, nonce, expiresAt]);
