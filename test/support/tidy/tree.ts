import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The project's text files: path relative to its root, to content. */
export type Tree = ReadonlyMap<string, string>;

/** One habit: a sentence, and what in a tree breaks it (`path: what`), empty when nothing does. */
export interface Habit {
  readonly title: string;
  readonly complaints: (tree: Tree) => readonly string[];
}

/** Folders whose code runs in production. */
export const productFolders = ['domain', 'contracts', 'workflows', 'activities', 'adapters', 'workers', 'client', 'page'] as const;

const binary = /\.(png|ico|gz|woff2|bin)$/;

/** Every file that is tracked or would be: what a fresh clone gets. */
export function readTree(root: string): Tree {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' });
  const paths = listed.split('\n').filter((path) => path !== '' && !binary.test(path) && existsSync(join(root, path)));
  return new Map(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}

export const isCode = (path: string): boolean => /\.(ts|tsx|mjs|js|sql)$/.test(path);
export const isProduct = (path: string): boolean => isCode(path) && productFolders.some((folder) => path.startsWith(`${folder}/`));
export const isTest = (path: string): boolean => path.endsWith('.test.ts');
export const isMarkdown = (path: string): boolean => path.endsWith('.md');

/** Files of a tree for which `wanted` holds, as pairs. */
export const select = (tree: Tree, wanted: (path: string) => boolean): (readonly [string, string])[] =>
  [...tree].filter(([path]) => wanted(path));

/** One complaint for each line on which `pattern` is found. */
export function linesWith(files: readonly (readonly [string, string])[], pattern: RegExp, what: string): string[] {
  return files.flatMap(([path, text]) =>
    text.split('\n').flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${what}: ${line.trim().slice(0, 80)}`] : [])),
  );
}
