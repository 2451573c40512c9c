// Drives every habit over the project's own files, and over a small tree that breaks it.
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { codeHabits } from './support/tidy/code.js';
import { docsHabits } from './support/tidy/docs.js';
import { readTree } from './support/tidy/tree.js';

const habits = [...codeHabits, ...docsHabits];
const project = readTree(fileURLToPath(new URL('..', import.meta.url)));
const lines = (count: number): string => 'export {};\n'.repeat(count);

/** For each habit a tree that breaks it, and what the complaint must say. */
const broken: Readonly<Record<string, { readonly tree: Readonly<Record<string, string>>; readonly says: string }>> = {
  'no file or folder is a grab bag': { tree: { 'domain/utils.ts': '' }, says: 'utils.ts' },
  'no unfinished work is left as a mark in code': { tree: { 'domain/a.ts': '// FIX' + 'ME: later\n' }, says: 'domain/a.ts:1' },
  'no line is hidden from linter, compiler or formatter': {
    tree: { 'domain/a.ts': '// oxlint-' + 'disable-next-line\n' },
    says: 'repair it',
  },
  'product code knows no fault and no test switch': {
    tree: { 'workers/a.ts': `if (fault === 'lock-queue') wait();\n` },
    says: 'workers/a.ts:1',
  },
  'no file names a machine path or a registry host': { tree: { 'README.md': 'Logs are in /root/logs.\n' }, says: 'README.md:1' },
  'no time limit is left to `AbortSignal.any`, which does not hold it': {
    tree: { 'workers/a.ts': 'export const limit = AbortSignal.any([abort, AbortSignal.timeout(5)]);\n' },
    says: 'workers/a.ts:1',
  },
  'files are short: none above 500 lines, the median at most 120': { tree: { 'domain/a.ts': lines(501) }, says: '501 lines' },
  'every product file is used by another file': { tree: { 'domain/orphan.ts': '' }, says: 'nothing imports' },
  'no two tests have the same title': {
    tree: { 'test/a.test.ts': `test('one rule', () => {});\n`, 'test/b.test.ts': `test.skip('one rule', () => {});\n` },
    says: 'test/b.test.ts: "one rule" is a title in test/a.test.ts',
  },
  'the title of a test is a rule, not a topic': { tree: { 'test/a.test.ts': `test('parser works', () => {});\n` }, says: '"parser works"' },
  'every document is linked from another one': { tree: { 'docs/lonely.md': '# Lonely\n', 'README.md': '# A\n' }, says: 'docs/lonely.md' },
  'migrations are numbered without doubles': {
    tree: { 'adapters/postgres/migrations/000002_a.sql': '', 'adapters/postgres/migrations/000002_b.sql': '' },
    says: '000002 is taken',
  },
  'every markdown file has one title': { tree: { 'docs/a.md': '# One\n\n# Two\n' }, says: '2 lines' },
  'links between documents lead somewhere': { tree: { 'docs/a.md': '# A\n\n[b](b.md)\n' }, says: 'b.md leads nowhere' },
  'the layout table names the folders that exist': {
    tree: { 'docs/architecture.md': '## Layout\n\n| folder | what |\n| --- | --- |\n| `attic/` | old |\n' },
    says: 'attic/ does not exist',
  },
  'the import table in the docs is the one that lint enforces': {
    tree: { 'docs/architecture.md': '## Who may import whom\n\n| a | b | c |\n| --- | --- | --- |\n| `domain` | `pg` | - |\n' },
    says: 'lint knows no row | domain | pg | -',
  },
  'every name in domain is a word of the glossary': {
    tree: { 'docs/glossary.md': '| gate | x |\n', 'domain/gate.ts': '', 'domain/wand.ts': '' },
    says: 'domain/wand.ts',
  },
  'every outcome and every reason for missing data is in the failure catalogue': {
    tree: { 'domain/outcome.ts': `export const outcomes = ['healed'] as const;\n`, 'docs/failures.md': '| `aborted` | x |\n' },
    says: 'no row for healed',
  },
  'every runtime dependency has a decision that says why': {
    tree: { 'package.json': '{"dependencies":{"left-pad":"1.0.0"}}', 'docs/decisions/0001-a.md': '`right-pad`' },
    says: 'left-pad',
  },
  'every runtime dependency is imported by code that ships': {
    tree: { 'package.json': '{"dependencies":{"left-pad":"1.0.0"}}', 'test/a.test.ts': `import 'left-pad';\n` },
    says: 'nothing imports left-pad',
  },
  'the vendor table names adapters that exist': { tree: { 'adapters/exec/run.ts': '' }, says: 'there is no adapters/postgres' },
  'every npm script that the docs name exists': { tree: { 'package.json': '{}', 'README.md': 'npm run magic\n' }, says: 'no script magic' },
};

const named = habits.map((habit) => [habit.title, habit] as const);

test.each(named)('%s', (_, { complaints }) => {
  expect(complaints(project)).toEqual([]);
});

test.each(named)('a tree that breaks it is told so: %s', (title, { complaints }) => {
  const { tree, says } = broken[title] ?? { tree: {}, says: 'a broken tree for this habit' };
  expect(complaints(new Map(Object.entries(tree))).join('\n')).toContain(says);
});

test('the habits look at a real tree and not at nothing', () => {
  expect(project.size).toBeGreaterThan(50);
  expect([...project.keys()]).toContain('test/tidy.test.ts');
});
