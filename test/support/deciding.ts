import { randomBytes, randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { SigningKey } from '../../adapters/postgres/controls.js';
import { tell, type CycleAddress, type Said } from '../../client/cycles.js';
import { signed } from '../../client/sign.js';
import type { Decision } from '../../contracts/messages.js';

/** How the people of a crowd were answered. */
export interface Answered {
  readonly obeyed: number;
  /** Refusals in words that say that somebody was faster, or that the question is over. */
  readonly tooLate: number;
  readonly other: readonly Said[];
}

const TRIES_MAX = 5;
const TOO_LATE = /already decided|nothing is being asked/;

/** Half of the crowd says yes and half says no to one proposal, all at the same time and each signed for itself. */
export async function decideAtOnce(
  clients: readonly Client[],
  address: CycleAddress,
  proposal: string,
  key: SigningKey,
  people: number,
): Promise<Answered> {
  const decide = async (number: number): Promise<Said> => {
    const decision: Decision = { by: `person-${number}`, decision: number % 2 === 0 ? 'approve' : 'reject', proposal };
    const word = signed(address, decision, [], key);
    const order = randomUUID();
    for (let tries = 1; ; tries += 1) {
      const said = await tell(clients[number % clients.length] as Client, address, 'decide', word, order);
      if (said.kind !== 'unanswered' || tries === TRIES_MAX) return said; // The same order again: on a busy machine an answer takes long.
    }
  };
  const said = await Promise.all(Array.from({ length: people }, (_, number) => decide(number)));
  const isTooLate = (one: Said): boolean => one.kind === 'ended' || (one.kind === 'refused' && TOO_LATE.test(one.sentence));
  return {
    obeyed: said.filter(({ kind }) => kind === 'obeyed').length,
    tooLate: said.filter(isTooLate).length,
    other: said.filter((one) => one.kind !== 'obeyed' && !isTooLate(one)),
  };
}

export const attacks = ['changed', 'expired', 'replayed', 'forged'] as const;

export type Attack = (typeof attacks)[number];

const HOUR = 3_600_000;

/** A yes to the open proposal that must not count; `used` is a signed decision that was let through before. */
export function attack(kind: Attack, address: CycleAddress, proposal: string, key: SigningKey, used: Decision): Decision {
  const yes: Decision = { by: 'mallory', decision: 'approve', proposal };
  switch (kind) {
    case 'changed':
      return { ...signed(address, { ...yes, by: 'ada', decision: 'reject' }, [], key), decision: 'approve' };
    case 'expired':
      return signed(address, yes, [], { ...key, now: key.now - HOUR });
    case 'replayed':
      return used;
    case 'forged':
      return signed(address, yes, [], { ...key, secret: randomBytes(32) });
  }
}
