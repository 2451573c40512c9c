import type { FailureCode } from '../../contracts/cli.js';

/** Exit codes are public API: scripts branch on them. */
export const exitCodes: Readonly<Record<FailureCode | 'done' | 'interrupted', number>> = {
  done: 0,
  bug: 1,
  usage: 2,
  notFound: 3,
  notAllowed: 4,
  unreachable: 5,
  refused: 6,
  trouble: 7,
  timeout: 8,
  interrupted: 130,
};

const meanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  done: 'done',
  bug: 'a bug in hale',
  usage: 'wrong usage, or an invalid configuration',
  notFound: 'no such incident or service',
  notAllowed: 'not signed in, or not allowed',
  unreachable: 'the database or Temporal can not be reached',
  refused: 'refused by a guard, or already decided',
  trouble: '--check or doctor found trouble, or init something new',
  timeout: 'timed out waiting',
  interrupted: 'interrupted',
};

export const exitCodeTable = (): string =>
  Object.entries(meanings)
    .map(([name, meaning]) => `${String(exitCodes[name as keyof typeof exitCodes]).padStart(5)}  ${meaning}`)
    .join('\n');

/** An expected failure: a sentence for people, or several, each printed on a line of its own; a code for scripts, and what to do about it. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly lines: readonly string[];

  constructor(
    readonly code: FailureCode,
    message: string | readonly string[],
    readonly hint?: string,
  ) {
    super([message].flat().join('\n'));
    this.lines = [message].flat();
  }
}
