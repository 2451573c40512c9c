import type { FailureCode } from '../../contracts/cli.js';
import { exitCodes, Failure } from './exit-codes.js';
import { coloured, plain, printableJson } from './text.js';

/** What a command found or did. `text` and `data` say the same, for people and for programs. */
export interface Report {
  readonly data: unknown;
  readonly text: string;
  /** Remarks beside the data; they go to stderr. */
  readonly talk?: readonly string[];
  /** Anything but done: the command worked, and what it found is trouble. */
  readonly exit?: FailureCode;
}

export interface Output {
  readonly json?: boolean;
}

/** Runs a command and prints its report or its failure. The exit code is set, never forced, so that output is flushed. */
export async function print(output: Output, work: () => Promise<Report>): Promise<void> {
  try {
    const report = await work();
    show(output, report);
    process.exitCode = exitCodes[report.exit ?? 'done'];
  } catch (error) {
    process.exitCode = showFailure(output, error);
  }
}

export function show(output: Output, { data, text, talk }: Report): void {
  for (const remark of talk ?? []) say(remark);
  process.stdout.write(output.json ? `${printableJson({ schemaVersion: 1, data })}\n` : text === '' ? '' : `${text}\n`);
}

/** Talk for people, beside the data. */
export const say = (sentence: string): void => void process.stderr.write(`${plain(sentence)}\n`);

/** Prints a failure and answers its exit code. What is not a `Failure` is a bug, shown with its stack. */
export function showFailure(output: Output, error: unknown): number {
  const { code, message, lines, hint } = error instanceof Failure ? error : bug(error);
  if (output.json) process.stdout.write(`${printableJson({ schemaVersion: 1, error: { code, message, hint: hint ?? null } })}\n`);
  else sayLines(lines, coloured('bold', code === 'refused' ? 'refused:' : 'hale:'));
  if (!output.json && hint !== undefined) say(hint);
  if (code === 'bug' && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`);
  return exitCodes[code];
}

/** What came from outside makes no line of its own: only the lines of the failure do. */
function sayLines([first = '', ...rest]: readonly string[], head: string): void {
  say(`${head} ${first.replace(/^refused: /, '')}`);
  for (const line of rest) say(line);
}

const bug = (error: unknown): Failure =>
  new Failure('bug', `this is a bug in hale: ${error instanceof Error ? error.message : String(error)}`);
