import { posix } from 'node:path';
import { isCode, isProduct, isTest, linesWith, select, type Habit, type Tree } from './tree.js';

const grabBags = new Set(['util', 'utils', 'common', 'helper', 'helpers', 'misc', 'shared', 'types', 'lib']);

const bannedNames: Habit = {
  title: 'no file or folder is a grab bag',
  complaints: (tree) =>
    [...tree.keys()].flatMap((path) => {
      const bag = path.split('/').find((part) => grabBags.has(part.replace(/\..*$/, '')));
      return bag === undefined ? [] : [`${path}: ${bag} says nothing; name it by the word of the glossary that it is about`];
    }),
};

// Joined here so that this file does not break its own rule.
const marks = new RegExp(`\\b(${['TO', 'FIX', 'X'].map((start, i) => start + ['DO', 'ME', 'XX'][i]).join('|')})\\b`);

const leftovers: Habit = {
  title: 'no unfinished work is left as a mark in code',
  complaints: (tree) => linesWith(select(tree, isCode), marks, 'do it or delete it'),
};

const silencers = new RegExp(`(${['oxlint', 'eslint', 'oxfmt', 'prettier'].join('|')})-(disable|ignore)|@ts-(no)?check|@ts-ig${'nore'}`);

const silenced: Habit = {
  title: 'no line is hidden from linter, compiler or formatter',
  complaints: (tree) =>
    linesWith(
      select(tree, (path) => isCode(path) && path !== 'test/lint.test.ts'),
      silencers,
      'repair it instead of hiding it',
    ),
};

const faultNames = /\b(bad-?config|bad-?release|memory-?leak|lock-?queue)\b|\bVITEST\b|\bNODE_TEST_CONTEXT\b|NODE_ENV\b.*\btest\b/i;

const innocence: Habit = {
  title: 'product code knows no fault and no test switch',
  complaints: (tree) => linesWith(select(tree, isProduct), faultNames, 'only lab/ and test/ may know this'),
};

const machinePaths = /(?<![\w.~-])\/(work|root|farm)\/|\/home\/\w+\/|registry[.]npm[j]s|python[h]osted|pypi[.]org|proxy[.]golang/;

const portable: Habit = {
  title: 'no file names a machine path or a registry host',
  complaints: (tree) =>
    linesWith(
      select(tree, (path) => !path.startsWith('test/support/tidy/') && path !== 'test/tidy.test.ts'),
      machinePaths,
      'works on one machine only',
    ),
};

const unheldLimits: Habit = {
  title: 'no time limit is left to `AbortSignal.any`, which does not hold it',
  complaints: (tree) =>
    linesWith(
      select(tree, isProduct),
      /AbortSignal\.any\(.*AbortSignal\.timeout\(/,
      'name the limit and ask it in what waits, or it is collected and never fires',
    ),
};

const lengthMax = 500;
const lengthMedianMax = 120;
const lengthNinthDecileMax = 300;

const lengths: Habit = {
  title: 'files are short: none above 500 lines, the median at most 120',
  complaints(tree) {
    const files = select(tree, isCode).map(([path, text]) => ({ path, lines: text.split('\n').length - 1 }));
    const sorted = files.map(({ lines }) => lines).sort((a, b) => a - b);
    const quantile = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0;
    return [
      ...files.filter(({ lines }) => lines > lengthMax).map(({ path, lines }) => `${path}: ${lines} lines, at most ${lengthMax}`),
      ...(quantile(0.5) > lengthMedianMax ? [`all code: the median file has ${quantile(0.5)} lines, at most ${lengthMedianMax}`] : []),
      ...(quantile(0.9) > lengthNinthDecileMax
        ? [`all code: one file in ten has over ${quantile(0.9)} lines, at most ${lengthNinthDecileMax}`]
        : []),
    ];
  },
};

/** Migrations are found by their folder, declarations of untyped packages by the compiler. */
const isReadUnnamed = (path: string): boolean => path.endsWith('.sql') || path.endsWith('.d.ts');

/** Product files that nobody names: not imported, not spawned, not listed in package.json. */
const deadFiles: Habit = {
  title: 'every product file is used by another file',
  complaints: (tree) =>
    select(tree, (path) => isProduct(path) && !isReadUnnamed(path)).flatMap(([path]) =>
      isNamed(tree, path) ? [] : [`${path}: nothing imports or starts it`],
    ),
};

function isNamed(tree: Tree, path: string): boolean {
  const name = posix.basename(path).replace(/\.tsx?$/, '');
  const mention = new RegExp(`[/'"\`]${name}\\.(js|ts|tsx)\\b`);
  return [...tree].some(([other, text]) => other !== path && !other.endsWith('.md') && mention.test(text));
}

const titlePattern = /^\s*(?:test|it)(?:\.\w+)*(?:\([^'"`]*\))?\(\s*(['"`])(.+?)\1/gm;

const titlesOf = (text: string): string[] => [...text.matchAll(titlePattern)].map((match) => match[2] ?? '');

/** A title with slots is completed by its table, and differs there. */
const isTemplate = /[$%]/;

const uniqueTitles: Habit = {
  title: 'no two tests have the same title',
  complaints(tree) {
    const seen = new Map<string, string>();
    return select(tree, isTest).flatMap(([path, text]) =>
      titlesOf(text).flatMap((title) => {
        const first = seen.get(title);
        seen.set(title, path);
        return first === undefined || isTemplate.test(title) ? [] : [`${path}: "${title}" is a title in ${first} too`];
      }),
    );
  },
};

const titleWordsMin = 3;

const tellingTitles: Habit = {
  title: 'the title of a test is a rule, not a topic',
  complaints: (tree) =>
    select(tree, isTest).flatMap(([path, text]) =>
      titlesOf(text)
        .filter((title) => !isTemplate.test(title) && title.split(/\s+/).length < titleWordsMin)
        .map((title) => `${path}: "${title}" has fewer than ${titleWordsMin} words`),
    ),
};

const migrationNumbers: Habit = {
  title: 'migrations are numbered without doubles',
  complaints(tree) {
    const paths = [...tree.keys()].filter((path) => path.startsWith('adapters/postgres/migrations/'));
    const numbers = paths.map((path) => posix.basename(path).split('_')[0] ?? '');
    return paths.flatMap((path, index) => {
      const number = numbers[index] ?? '';
      if (!/^\d{6}$/.test(number)) return [`${path}: starts with six digits, for example 000007_name.sql`];
      return numbers.indexOf(number) === index ? [] : [`${path}: number ${number} is taken`];
    });
  },
};

export const codeHabits: readonly Habit[] = [
  bannedNames,
  leftovers,
  silenced,
  innocence,
  unheldLimits,
  portable,
  lengths,
  deadFiles,
  uniqueTitles,
  tellingTitles,
  migrationNumbers,
];
