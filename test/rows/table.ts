import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/** How a bad input comes in: as people, machines and targets really hand it over. */
export type Door = 'HTTP' | 'YAML' | 'CLI' | 'Temporal' | 'socket' | 'program' | 'process';

/** A file and a piece of the one line in it that refuses the input; or who else does, where it never reaches hale. */
export type Guard = readonly [file: string, text: string] | 'the Temporal server';

/** One input, what is answered to it, and who answers so. */
export type Case<I> = readonly [input: I, reply: RegExp, guard: Guard];

export interface Told {
  readonly door: Door;
  /** Of the input, to tell it from others. */
  readonly input: string;
  readonly reply: string;
  /** FILE:LINE, or the server that hale stands on. */
  readonly guard: string;
}

declare module 'vitest' {
  interface TaskMeta {
    row?: { readonly row: number; readonly title: string; readonly told: readonly Told[] };
  }
}

/**
 * One row of the table of bad inputs, as a test of its name. `npm run test:rows` prints what each of them found.
 *
 * @param open opens the door for this row; what it answers hands over one input and tells the reply as a line of text
 */
export function row<I>(
  number: number,
  door: Door,
  title: string,
  open: () => Promise<(input: I) => Promise<string>>,
  cases: readonly Case<I>[],
): void {
  test(`row ${number}: ${title}`, { timeout: 60_000 }, async ({ task }) => {
    const guards = cases.map(([, , guard]) => lineOf(guard));
    const send = await open();
    const told: Told[] = [];
    for (const [index, [input, expected]] of cases.entries()) {
      const reply = await send(input);
      expect(reply).toMatch(expected);
      told.push({ door, input: hashOf(input), reply: reply.slice(0, 300), guard: guards[index] ?? '' });
    }
    task.meta.row = { row: number, title, told };
  });
}

/** Throws unless the text stands in exactly one line, so that no row points to where its guard once was. */
function lineOf(guard: Guard): string {
  if (typeof guard === 'string') return guard;
  const [file, text] = guard;
  const lines = readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), 'utf8').split('\n');
  const found = lines.flatMap((line, index) => (line.includes(text) ? [index + 1] : []));
  if (found.length !== 1) throw new Error(`the guard ${JSON.stringify(text)} stands in ${found.length} lines of ${file}; one is right`);
  return `${file}:${found[0]}`;
}

const hashOf = (input: unknown): string =>
  createHash('sha256')
    .update(typeof input === 'string' || input instanceof Uint8Array ? input : (JSON.stringify(input) ?? 'undefined'))
    .digest('hex')
    .slice(0, 12);
