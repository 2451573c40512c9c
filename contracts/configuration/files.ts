import type { PlugIn } from '../plug-in.js';
import { fleetFile, includedFile } from './file.js';
import type { Problems } from './problem.js';
import { type Entry, type Node, at, emptyMap, textOf } from './tree.js';
import { validate } from './validate.js';
import { readYaml } from './yaml.js';

/** By name, each correction, or what is wrong with it. */
export type PlugIns = Readonly<Record<string, PlugIn | string>>;

/** What reading a configuration needs from the outside: files, environment, and the time for what ends at a date. */
export interface Surroundings {
  /** The file's text. Throws when it can't be read. */
  read(path: string): Promise<string>;
  /** Names of the files in a folder. Throws when it can't be read. */
  list(folder: string): Promise<readonly string[]>;
  /** The corrections that a module exports. Throws, with a sentence, when it can't be loaded. */
  plugIns(path: string): Promise<PlugIns>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: number;
}

/** Sections whose entries may be spread over files; every other key stands in one file only. */
const spread = ['secrets', 'sources', 'teams', 'intake', 'classes', 'services'];

/** Reads the file and all it includes into one tree; undefined when the file itself can't be read. */
export async function readFiles(path: string, surroundings: Surroundings, problems: Problems): Promise<Node | undefined> {
  const main = await readOne(path, surroundings, problems);
  if (main === undefined) return undefined;
  const root = validate(main, fleetFile, problems);
  const parts = await Promise.all(
    (await included(path, root, surroundings, problems)).map((file) => readOne(file, surroundings, problems)),
  );
  return parts.reduce<Node>(
    (whole, part) => (part === undefined ? whole : join(whole, validate(part, includedFile, problems), problems)),
    root,
  );
}

async function readOne(path: string, surroundings: Surroundings, problems: Problems): Promise<Node | undefined> {
  try {
    return readYaml(path, await surroundings.read(path), problems);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    problems.error({ file: path, line: 1, column: 1, path: '' }, `can't be read: ${why}`);
    return undefined;
  }
}

async function included(path: string, root: Node, surroundings: Surroundings, problems: Problems): Promise<string[]> {
  const patterns = at(root, 'include');
  if (patterns?.kind !== 'list') return [];
  const found = await Promise.all(patterns.items.map((item) => matching(path, item, surroundings, problems)));
  return [...new Set(found.flat())].filter((file) => file !== path);
}

/** Files that one pattern names, in alphabetical order. A pattern with * may match nothing, a plain name may not. */
async function matching(main: string, item: Node, surroundings: Surroundings, problems: Problems): Promise<string[]> {
  const pattern = textOf(item) ?? '';
  const [folder, name] = split(pattern.startsWith('/') ? pattern : `${split(main)[0]}${pattern}`);
  if (!name.includes('*')) return [`${folder}${name}`];
  if (folder.includes('*'))
    problems.error(item.place, `is ${JSON.stringify(pattern)}; allowed: * in the file name only, such as hale.d/*.yaml`);
  const files = await surroundings.list(folder === '' ? '.' : folder).catch(() => []);
  const [head = '', ...rest] = name.split('*');
  const fits = (file: string) => !file.startsWith('.') && fitsPattern(file, head, rest);
  const names = files.filter(fits).sort();
  if (names.length === 0) problems.warn(item.place, `${JSON.stringify(pattern)} names no file yet`);
  return names.map((file) => `${folder}${file}`);
}

/** Folder with its last slash, and file name. */
function split(path: string): [string, string] {
  const end = path.lastIndexOf('/') + 1;
  return [path.slice(0, end), path.slice(end)];
}

function fitsPattern(file: string, head: string, rest: readonly string[]): boolean {
  if (!file.startsWith(head)) return false;
  let left = file.slice(head.length);
  for (const [index, part] of rest.entries()) {
    const found = index === rest.length - 1 ? (left.endsWith(part) ? left.length - part.length : -1) : left.indexOf(part);
    if (found < 0) return false;
    left = left.slice(found + part.length);
  }
  return true;
}

function join(whole: Node, part: Node, problems: Problems): Node {
  if (whole.kind !== 'map' || part.kind !== 'map') return whole;
  const entries = new Map(whole.entries);
  for (const [key, entry] of part.entries) {
    if (key === 'apiVersion') continue;
    const earlier = entries.get(key);
    if (spread.includes(key)) entries.set(key, { ...entry, node: joinNamed(earlier?.node ?? emptyMap, entry.node, problems) });
    else add(entries, key, entry, problems);
  }
  return { ...whole, entries };
}

function joinNamed(whole: Node, part: Node, problems: Problems): Node {
  if (whole.kind !== 'map' || part.kind !== 'map') return whole;
  const entries = new Map(whole.entries);
  for (const [name, entry] of part.entries) add(entries, name, entry, problems);
  return { ...whole, entries };
}

function add(entries: Map<string, Entry>, key: string, entry: Entry, problems: Problems): void {
  const earlier = entries.get(key);
  if (earlier === undefined) entries.set(key, entry);
  else problems.error(entry.key, `is set twice, first in ${earlier.key?.file}:${earlier.key?.line}:${earlier.key?.column}`);
}
