import { expect, test } from 'vitest';
import { exitCodeOf, foundIn, numbers } from '../../scripts/rows/found.mjs';

const shown = (row: number, status = 'passed') => ({
  status,
  fullName: `row ${row}`,
  meta: { row: { row, title: 'it is refused', told: [{}] } },
});
const reportOf = (tests: readonly ReturnType<typeof shown>[]) => ({
  testResults: [{ status: 'passed', name: 'rows', assertionResults: tests }],
});
const built = numbers.filter((number) => number < 47 || number === 50);

test('all rows that are built make a good table, without those that come later', () => {
  const found = foundIn(reportOf(built.map((number) => shown(number))));
  expect(found).toMatchObject({ missing: [], failed: [] });
  expect(exitCodeOf(found)).toBe(0);
});

test('a row that is gone is missing', () => {
  const found = foundIn(reportOf(built.filter((number) => number !== 17).map((number) => shown(number))));
  expect(found.missing).toEqual([17]);
  expect(exitCodeOf(found)).toBe(1);
});

test('a row whose reply is another one fails, also where the same row holds at another door', () => {
  const found = foundIn(reportOf([...built.map((number) => shown(number)), shown(27, 'failed')]));
  expect(found.failed.map(({ fullName }) => fullName)).toEqual(['row 27']);
  expect(exitCodeOf(found)).toBe(1);
});

test('a file of rows that could not be loaded fails, and so does a run of nothing', () => {
  const unloaded = { status: 'failed', name: 'test/rows/yaml.test.ts', message: 'no such module', assertionResults: [] };
  const found = foundIn({ testResults: [...reportOf(built.map((number) => shown(number))).testResults, unloaded] });
  expect(found.failed).toMatchObject([{ failureMessages: ['no such module'] }]);
  expect(exitCodeOf(found)).toBe(1);
  expect(exitCodeOf(foundIn({ testResults: [] }))).toBe(1);
});
