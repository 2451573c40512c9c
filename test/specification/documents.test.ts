// Drives what the documents tell people to type, and what they promise to scripts.
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { exitCodes } from '../../client/cli/exit-codes.js';
import { haleProgram } from '../../client/cli/program.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const names = (await readdir(`${root}docs`)).filter((name) => name.endsWith('.md'));
const documents = ['README.md', 'CONTRIBUTING.md', ...names.map((name) => `docs/${name}`)];

test('the first page lists the exit codes that the command line has', async () => {
  const rows = [...(await readFile(`${root}README.md`, 'utf8')).matchAll(/^\| (\d+) +\|/gm)].map((match) => Number(match[1]));
  expect(rows).toEqual(Object.values(exitCodes));
});

test.each(documents)('every hale command that %s names exists', async (path) => {
  const text = await readFile(root + path, 'utf8');
  const named = [...text.matchAll(/(?:`|npx )hale ([a-z][a-z-]*)(?=[ `\n])/gm)].map((match) => match[1]);
  const known = haleProgram().commands.map((command) => command.name());
  expect(named.filter((name) => !known.includes(name ?? ''))).toEqual([]);
});
