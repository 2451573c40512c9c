import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const textOf = (path: string): Promise<string> => readFile(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');

test('every threat of the table has tests that are named after it, or says with what it comes', async () => {
  const rows = [...(await textOf('docs/threats.md')).matchAll(/^\| (?!threat |-)([^|]+?) +\| ([^|]+?) +\| ([^|]+?) +\|$/gm)];
  expect(rows.length).toBeGreaterThan(15);
  for (const [, threat = '', guard = '', tests = ''] of rows) {
    const files = [...tests.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
    if (files.length === 0) expect(guard, threat).toMatch(/^comes with/);
    for (const file of files.filter((one) => !one.startsWith('test/rows/')))
      expect(await textOf(file), file).toMatch(new RegExp(`'${threat}[:']`));
  }
});
