import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { complaintsAbout, exitCodeOf, type Mutant, mutated, readMutants, type Result } from '../../scripts/mutants/list.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const textOf = (file: string): string => readFileSync(`${root}${file}`, 'utf8');

test('every mutant changes one place that is there, and names tests that are', () => {
  const mutants = readMutants(root);
  expect(complaintsAbout(mutants, textOf)).toEqual([]);
  expect(mutants.length).toBeGreaterThan(40);
});

const one: Mutant = { name: 'one', file: 'a', find: 'yes', replace: 'no', breaks: 'it', tests: ['t'] };
const noOp: Mutant = { ...one, name: 'no-op', survives: true };

test('a list of mutants that has rotted is told so', () => {
  const files: Record<string, string> = { a: 'yes', twice: 'yes yes', t: '' };
  const inFiles = (file: string): string => files[file] ?? expect.fail(`no ${file}`);
  const about = (mutant: Partial<Mutant>) => complaintsAbout([noOp, { ...one, ...mutant }], inFiles);
  expect(about({})).toEqual([]);
  expect(about({ file: 'twice' })).toEqual(['one: its text stands 2 times in twice, once is right']);
  expect(about({ find: 'maybe' })).toEqual(['one: its text stands 0 times in a, once is right']);
  expect(about({ replace: 'yes' })).toEqual(['one changes nothing in a']);
  expect(about({ tests: [] })).toEqual(['one names no test that should catch it']);
  expect(about({ tests: ['gone'] })).toEqual(['no gone']);
  expect(complaintsAbout([one, one], inFiles)).toEqual(['one is there twice', 'exactly one mutant must change nothing']);
});

test('a mutant is its one edit, whatever signs it is made of', () => {
  expect(mutated('if (yes) $&', { ...one, replace: '$1 $& no' })).toBe('if ($1 $& no) $&');
});

const ends = (caught: number, survived: number, other: readonly Result[]): readonly Result[] => [
  ...Array.from({ length: caught }, () => ({ end: 'caught' as const })),
  ...Array.from({ length: survived }, () => ({ end: 'survived' as const })),
  ...other,
];
const trusted: Result = { survives: true, end: 'survived' };

test.each([
  ['95 of 100 were caught', ends(95, 5, [trusted]), 0],
  ['fewer than 95 of 100 were caught', ends(94, 6, [trusted]), 1],
  ['one whose tests did not run was not caught', ends(9, 0, [trusted, { end: 'broken' }]), 1],
  ['the edit that changes nothing was caught', ends(9, 0, [{ survives: true, end: 'caught' }]), 1],
  ['the edit that changes nothing was not tried', ends(9, 0, []), 1],
  ['nothing else was tried', ends(0, 0, [trusted]), 1],
] as const)('the mutants tell by their exit code that %s', (_, results, code) => {
  expect(exitCodeOf(results)).toBe(code);
});
