import { realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';

/** Each name stands for some files and folders. */
export type Folders = Readonly<Record<string, readonly string[]>>;

/** Which of these folders one of the paths is, lies in, or contains: who removes what is above takes all of it away. */
export async function folderOf(folders: Folders, paths: readonly string[]): Promise<string | undefined> {
  const places = (await Promise.all(paths.map(placesOf))).flat();
  for (const [name, own] of Object.entries(folders)) {
    const ownPlaces = (await Promise.all(own.map(placesOf))).flat();
    if (places.some((place) => ownPlaces.some((one) => isWithin(place, one) || isWithin(one, place)))) return name;
  }
  return undefined;
}

const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

/** Commands run here, so that this is where a relative path of theirs begins. */
const WORKING_FOLDER = '/';

/**
 * The paths among the words of a command, also those inside a word. A word without a slash is a name, of a unit or a container,
 * and no path. The root counts only as a whole word: a text with a slash in it is no order to remove everything.
 */
export const pathsOfWords = (words: readonly string[]): string[] =>
  words.flatMap((word) => [
    ...pathsIn(word),
    ...partsOf(word)
      .flatMap(pathsIn)
      .filter((path) => path !== WORKING_FOLDER),
  ]);

const partsOf = (word: string): string[] =>
  word
    .replaceAll(/file:\/\/(?=\/)/g, '')
    .replaceAll(/[a-z][a-z0-9+.-]*:\/\/[^\s'"]*/gi, '')
    .split(/[\s'"`;|&(){}<>=,:@]+/)
    .map((part) => part.replace(/^-[A-Za-z](?=\/)/, ''));

const pathsIn = (text: string): string[] =>
  text.includes('/') || text === '.' || text === '..' ? [resolve(WORKING_FOLDER, withoutPattern(text))] : [];

/** What `/srv/*` stands for lies in `/srv`, and may be all of it. */
function withoutPattern(path: string): string {
  const at = path.search(/[*?[]/);
  return at < 0 ? path : path.slice(0, path.lastIndexOf('/', at) + 1) || '.';
}

/** Where it is, where it leads, and as it is spelled: a correction may replace a link, wherever that leads. */
async function placesOf(path: string): Promise<string[]> {
  const whole = resolve(path);
  return [...new Set([whole, await realOf(whole), join(await realOf(dirname(whole)), basename(whole))])];
}

/** With every link followed, as far as the path exists. */
async function realOf(whole: string): Promise<string> {
  const found = await realpath(whole).catch(() => undefined);
  if (found !== undefined) return found;
  const parent = dirname(whole);
  return parent === whole ? whole : join(await realOf(parent), basename(whole));
}
