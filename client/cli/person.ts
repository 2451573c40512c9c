import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import { Failure } from './exit-codes.js';
import type { Where } from './whereabouts.js';

/** Who speaks, and why. */
export interface Spoken extends Where {
  readonly by?: string;
  readonly reason?: string;
}

/** An order of this person; the key makes a repeated delivery the same order. */
export function orderOf({ by, reason }: Spoken): { readonly by: string; readonly reason?: string; readonly key: string } {
  return { by: by === undefined ? accountName() : named(by), ...(reason === undefined ? {} : { reason }), key: `order/${randomUUID()}` };
}

const nameMax = 200;

/** What is kept on record for good, and printed to others, is a name. Throws `Failure` (usage). */
function named(by: string): string {
  const name = by.trim();
  if (name !== '' && name.length <= nameMax && !/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.test(name)) return name;
  const allowed = `a name of 1 to ${nameMax} characters without control characters is allowed, for example --by ada`;
  throw new Failure('usage', `--by is ${JSON.stringify(by.slice(0, nameMax))}: ${allowed}`);
}

/** In a container the account may have a number only. */
function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}

/** Groups of the account that runs this command, as its system knows them; none where it can't say. */
export function accountGroups(): string[] {
  try {
    return execFileSync('id', ['-Gn'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      .trim()
      .split(' ')
      .slice(0, 200);
  } catch {
    return [];
  }
}
