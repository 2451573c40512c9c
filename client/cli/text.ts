import { styleText } from 'node:util';

/** Control, format (text direction, zero width), line and paragraph separators: they could rewrite a person's terminal. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Text that came from outside, safe to print on one line. */
export const plain = (text: string): string => text.replace(/\s+/gu, ' ').replace(unprintable, '');

/** JSON that is safe to look at in a terminal: what is unprintable is escaped, nothing is lost. */
export function printableJson(value: unknown, indent?: number): string {
  const escaped = (character: string): string =>
    character === '\n' ? character : [...Array(character.length).keys()].map((i) => unicodeEscape(character.charCodeAt(i))).join('');
  return JSON.stringify(value, undefined, indent).replace(unprintable, escaped);
}

const unicodeEscape = (unit: number): string => `\\u${unit.toString(16).padStart(4, '0')}`;

/** "1 service", "2 services". */
export const counted = (count: number, one: string, several = `${one}s`): string => `${count} ${count === 1 ? one : several}`;

/** Columns without lines, so that grep and awk work. The last column is not padded. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows.map((row) => row.map(plain))];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  const printed = (line: readonly string[]): string =>
    line.map((cell, column) => (column === line.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('  ');
  return lines.map(printed).join('\n');
}

type Colour = 'green' | 'yellow' | 'red' | 'bold';

/** Colours only where a person looks: `styleText` leaves them out off a terminal and under NO_COLOR. */
export const coloured = (colour: Colour, text: string): string => styleText(colour, text, { stream: process.stdout });

/** "47s", "4m", "3h", "2d": how long ago, or how long still. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)}h` : `${Math.round(seconds / 86_400)}d`;
}
