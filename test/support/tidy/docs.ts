import { posix } from 'node:path';
import { adapterVendors, importTable } from '../../../scripts/import-table.mjs';
import { isMarkdown, isProduct, select, type Habit, type Tree } from './tree.js';

const withoutFences = (text: string): string => text.replace(/^```[\s\S]*?^```/gm, '');

const oneTitle: Habit = {
  title: 'every markdown file has one title',
  complaints: (tree) =>
    select(tree, isMarkdown).flatMap(([path, text]) => {
      const titles = withoutFences(text).match(/^# .+$/gm)?.length ?? 0;
      return titles === 1 ? [] : [`${path}: ${titles} lines start with "# ", want one`];
    }),
};

const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s-]/gu, '')
    .trim()
    .replace(/\s/g, '-');

const anchorsOf = (text: string): string[] => [...withoutFences(text).matchAll(/^#+ (.+)$/gm)].map((match) => anchorOf(match[1] ?? ''));

const linksResolve: Habit = {
  title: 'links between documents lead somewhere',
  complaints: (tree) =>
    select(tree, isMarkdown).flatMap(([path, text]) =>
      [...withoutFences(text).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) =>
        /^[a-z]+:/.test(link) || resolves(tree, path, link) ? [] : [`${path}: ${link} leads nowhere`],
      ),
    ),
};

function resolves(tree: Tree, from: string, link: string): boolean {
  const [file = '', anchor] = link.split('#');
  const target = file === '' ? from : posix.join(posix.dirname(from), file).replace(/\/$/, '');
  const isFolder = [...tree.keys()].some((path) => path.startsWith(`${target}/`));
  const text = tree.get(target);
  return anchor === undefined ? text !== undefined || isFolder : text !== undefined && anchorsOf(text).includes(anchor);
}

const reachable: Habit = {
  title: 'every document is linked from another one',
  complaints(tree) {
    const texts = select(tree, isMarkdown);
    const documents = texts.map(([path]) => path).filter((path) => path.startsWith('docs/') && !path.startsWith('docs/decisions/'));
    return documents
      .filter((path) => !texts.some(([from, text]) => from !== path && text.includes(`](${posix.relative(posix.dirname(from), path)}`)))
      .map((path) => `${path}: no document links to it`);
  },
};

/** Rows of every markdown table in a text, headings included, as trimmed cells without code marks. */
function tableRows(text: string): string[][] {
  const rows = text.split('\n').filter((line) => line.startsWith('|'));
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.replaceAll('`', '').trim()),
  );
}

const tableUnder = (text: string, heading: string): string[][] =>
  tableRows(text.split(new RegExp(`^## ${heading}$`, 'm'))[1]?.split(/^## /m)[0] ?? '').slice(2);

const firstCells = (text: string | undefined): Set<string> => new Set(tableRows(text ?? '').map(([first = '']) => first));

const architecture = (tree: Tree): string => tree.get('docs/architecture.md') ?? '';

const layout: Habit = {
  title: 'the layout table names the folders that exist',
  complaints(tree) {
    const told = tableUnder(architecture(tree), 'Layout').map(([folder = '']) => folder.replace(/\/$/, ''));
    const real = new Set([...tree.keys()].filter((path) => path.includes('/')).map((path) => path.split('/')[0] ?? ''));
    return [
      ...told.filter((folder) => !real.has(folder)).map((folder) => `docs/architecture.md: ${folder}/ does not exist`),
      ...[...real].filter((folder) => !told.includes(folder)).map((folder) => `docs/architecture.md: ${folder}/ is not in the layout`),
    ];
  },
};

const printed = ({ folder, values, types }: (typeof importTable)[number]): string =>
  [folder, values.join(', ') || 'nothing', types.join(', ') || '-'].join(' | ');

const importTablePrinted: Habit = {
  title: 'the import table in the docs is the one that lint enforces',
  complaints: (tree) => [
    ...differences(tree, 'Who may import whom', importTable.map(printed)),
    ...differences(
      tree,
      'The vendor library of each adapter',
      Object.entries(adapterVendors).map(([adapter, vendors]) => `${adapter} | ${vendors.join(', ')}`),
    ),
  ],
};

function differences(tree: Tree, heading: string, enforced: readonly string[]): string[] {
  const told = tableUnder(architecture(tree), heading).map((cells) => cells.join(' | '));
  return [
    ...enforced.filter((row) => !told.includes(row)).map((row) => `docs/architecture.md: lacks the row | ${row} |`),
    ...told.filter((row) => !enforced.includes(row)).map((row) => `docs/architecture.md: lint knows no row | ${row} |`),
  ];
}

const glossary: Habit = {
  title: 'every name in domain is a word of the glossary',
  complaints(tree) {
    const names = [...tree.keys()].filter((path) => path.startsWith('domain/')).map((path) => path.split('/')[1] ?? '');
    const words = firstCells(tree.get('docs/glossary.md'));
    const missing = [...new Set(names)].filter((name) => !words.has(name.replace(/\.ts$/, '').replaceAll('-', ' ')));
    return missing.map((name) => `domain/${name}: docs/glossary.md does not explain it`);
  },
};

const quotedIn = (text: string, start: RegExp): string[] =>
  [...(text.split(start)[1]?.split(';')[0] ?? '').matchAll(/'(\w+)'/g)].map((match) => match[1] ?? '');

const failures: Habit = {
  title: 'every outcome and every reason for missing data is in the failure catalogue',
  complaints(tree) {
    const catalogue = firstCells(tree.get('docs/failures.md'));
    const names = [
      ...quotedIn(tree.get('domain/outcome.ts') ?? '', /outcomes = \[/),
      ...quotedIn(tree.get('domain/reading.ts') ?? '', /type NoDataReason =/),
      ...quotedIn(tree.get('domain/gate.ts') ?? '', /type GateRule =/),
    ];
    return names.filter((name) => !catalogue.has(name)).map((name) => `docs/failures.md: has no row for ${name}`);
  },
};

interface Manifest {
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const manifestOf = (tree: Tree): Manifest => JSON.parse(tree.get('package.json') ?? '{}') as Manifest;

const decisions: Habit = {
  title: 'every runtime dependency has a decision that says why',
  complaints(tree) {
    const written = select(tree, (path) => path.startsWith('docs/decisions/')).map(([, text]) => text);
    const missing = Object.keys(manifestOf(tree).dependencies ?? {}).filter(
      (name) => !written.some((text) => text.includes(`\`${name}\``)),
    );
    return missing.map((name) => `package.json: no file in docs/decisions names \`${name}\``);
  },
};

/** Not imported by us: it settles which version the packages of Temporal find (docs/decisions/0001-temporal.md). */
const pinnedForOthers = new Set(['protobufjs']);

const usedDependencies: Habit = {
  title: 'every runtime dependency is imported by code that ships',
  complaints(tree) {
    const shipped = select(tree, (path) => isProduct(path) || path.startsWith('lab/') || path.startsWith('scripts/')).map(
      ([, text]) => text,
    );
    const isUsed = (name: string): boolean => shipped.some((text) => new RegExp(`(from |import\\(|import )'${name}['/]`).test(text));
    const unused = Object.keys(manifestOf(tree).dependencies ?? {}).filter((name) => !pinnedForOthers.has(name) && !isUsed(name));
    return unused.map((name) => `package.json: nothing imports ${name}`);
  },
};

const vendorsExist: Habit = {
  title: 'the vendor table names adapters that exist',
  complaints: (tree) =>
    Object.keys(adapterVendors)
      .filter((name) => ![...tree.keys()].some((path) => path.startsWith(`adapters/${name}/`)))
      .map((name) => `scripts/import-table.mjs: there is no adapters/${name}`),
};

const npmBuiltins = new Set(['ci', 'install', 'start', 'test', 'exec']);

const commands: Habit = {
  title: 'every npm script that the docs name exists',
  complaints(tree) {
    const scripts = manifestOf(tree).scripts ?? {};
    return select(tree, isMarkdown).flatMap(([path, text]) =>
      [...text.matchAll(/\bnpm run ([\w:-]+)/g)].flatMap(([, name = '']) =>
        name in scripts || npmBuiltins.has(name) ? [] : [`${path}: there is no script ${name}`],
      ),
    );
  },
};

export const docsHabits: readonly Habit[] = [
  oneTitle,
  linksResolve,
  reachable,
  layout,
  importTablePrinted,
  glossary,
  failures,
  decisions,
  usedDependencies,
  vendorsExist,
  commands,
];
