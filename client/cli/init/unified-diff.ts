const context = 3;
/** Beyond this the middle is shown as replaced: comparing every line with every other takes too long. */
const cellsMax = 25_000_000;

type Line = { readonly kind: ' ' | '-' | '+'; readonly text: string };

/** What changes from one text to another, as `diff -u` shows it; empty when they are equal. */
export function unifiedDiff(before: string, after: string, beforeName: string, afterName: string): string {
  if (before === after) return '';
  const lines = compared(linesOf(before), linesOf(after));
  return [`--- ${beforeName}`, `+++ ${afterName}`, ...hunks(lines)].join('\n');
}

/** A last line without its line break is another line than one with it. */
function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  else lines[lines.length - 1] += '\n\\ No newline at end of file';
  return lines;
}

function compared(before: readonly string[], after: readonly string[]): Line[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < before.length - start && end < after.length - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const same = (texts: readonly string[]): Line[] => texts.map((text) => ({ kind: ' ', text }));
  return [
    ...same(before.slice(0, start)),
    ...middle(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...same(before.slice(before.length - end)),
  ];
}

/** By the longest common subsequence. */
function middle(before: readonly string[], after: readonly string[]): Line[] {
  const [rows, columns] = [before.length + 1, after.length + 1];
  const removed = (text: string): Line => ({ kind: '-', text });
  const added = (text: string): Line => ({ kind: '+', text });
  if (rows * columns > cellsMax) return [...before.map(removed), ...after.map(added)];
  const common = new Uint32Array(rows * columns);
  for (let i = before.length - 1; i >= 0; i -= 1)
    for (let j = after.length - 1; j >= 0; j -= 1)
      common[i * columns + j] =
        before[i] === after[j]
          ? (common[(i + 1) * columns + j + 1] ?? 0) + 1
          : Math.max(common[(i + 1) * columns + j] ?? 0, common[i * columns + j + 1] ?? 0);
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < before.length && j < after.length) {
    if (before[i] === after[j]) {
      lines.push({ kind: ' ', text: before[i] ?? '' });
      i += 1;
      j += 1;
    } else if ((common[(i + 1) * columns + j] ?? 0) >= (common[i * columns + j + 1] ?? 0)) lines.push(removed(before[i++] ?? ''));
    else lines.push(added(after[j++] ?? ''));
  }
  return [...lines, ...before.slice(i).map(removed), ...after.slice(j).map(added)];
}

function hunks(lines: readonly Line[]): string[] {
  const changed = lines.flatMap(({ kind }, index) => (kind === ' ' ? [] : [index]));
  const groups: { from: number; to: number }[] = [];
  for (const index of changed) {
    const last = groups.at(-1);
    const to = Math.min(lines.length, index + context + 1);
    if (last !== undefined && index - context <= last.to) last.to = to;
    else groups.push({ from: Math.max(0, index - context), to });
  }
  return groups.flatMap(({ from, to }) => hunk(lines, from, to));
}

function hunk(lines: readonly Line[], from: number, to: number): string[] {
  const count = (part: readonly Line[], without: Line['kind']): number => part.filter(({ kind }) => kind !== without).length;
  const [earlier, part] = [lines.slice(0, from), lines.slice(from, to)];
  const range = (without: Line['kind']): string => {
    const length = count(part, without);
    return `${count(earlier, without) + (length === 0 ? 0 : 1)},${length}`;
  };
  return [`@@ -${range('+')} +${range('-')} @@`, ...part.map(({ kind, text }) => `${kind}${text}`)];
}
