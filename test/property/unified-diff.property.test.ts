import fc from 'fast-check';
import { expect, test } from 'vitest';
import { unifiedDiff } from '../../client/cli/init/unified-diff.js';

const text = fc
  .array(fc.constantFrom('a', 'b', 'c', 'services:', ''), { maxLength: 40 })
  .map((lines) => lines.map((line) => `${line}\n`).join(''));

/** Applies a diff by its line numbers; throws where the text is not the one it was made of. */
function applied(before: string, diff: string): string {
  const old = before.split('\n').slice(0, -1);
  const made: string[] = [];
  let at = 0;
  for (const line of diff.split('\n').slice(2)) {
    const [, start, length] = /^@@ -(\d+),(\d+) /.exec(line) ?? [];
    if (start !== undefined) {
      const next = Number(start) - (length === '0' ? 0 : 1);
      made.push(...old.slice(at, next));
      at = next;
    } else if (line.startsWith('+')) made.push(line.slice(1));
    else {
      expect(old[at]).toBe(line.slice(1));
      at += 1;
      if (line.startsWith(' ')) made.push(line.slice(1));
    }
  }
  return [...made, ...old.slice(at)].map((line) => `${line}\n`).join('');
}

test('a diff turns the one text into the other, and is empty for equal ones', () => {
  fc.assert(
    fc.property(text, text, (before, after) => {
      const diff = unifiedDiff(before, after, 'before', 'after');
      if (before === after) expect(diff).toBe('');
      else expect(applied(before, diff)).toBe(after);
    }),
  );
});

test('a diff shows three lines around a change and leaves the rest out', () => {
  const lines = Array.from({ length: 20 }, (_, index) => `line ${index}\n`);
  const diff = unifiedDiff(lines.join(''), lines.with(10, 'new\n').join(''), 'a', 'b');
  expect(diff.split('\n')).toEqual([
    '--- a',
    '+++ b',
    '@@ -8,7 +8,7 @@',
    ' line 7',
    ' line 8',
    ' line 9',
    '-line 10',
    '+new',
    ' line 11',
    ' line 12',
    ' line 13',
  ]);
});
