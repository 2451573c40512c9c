import { realpath } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';
import type { Ground, Target } from '../../activities/ports.js';
import type { Action } from '../../domain/service.js';

/** What this hale runs on, as its processes know it. */
export interface Stand {
  /** Identity of its own PostgreSQL, as the provider of databases names that; undefined while it does not tell. */
  readonly database: () => Promise<string | undefined>;
  /** `host:port` of its servers. */
  readonly servers: Readonly<Record<string, string | undefined>>;
  /** Its own folders: state, and the program itself. */
  readonly folders: Readonly<Record<string, string | undefined>>;
}

/** Recognised by identity, never by a service's name: a link into the state folder is the state folder. */
export const ownGround = (stand: Stand): Ground => ({
  async ownOf(target, resource) {
    const { action } = target;
    if (action.kind === 'postgres' && resource === (await stand.database())) return 'PostgreSQL';
    const server = urlsOf(action)
      .map((url) => serverAt(stand, url))
      .find((one) => one !== undefined);
    return server ?? (await folderOf(stand, pathsOf(action)));
  },
});

const urlsOf = (action: Action): string[] =>
  action.kind === 'http'
    ? [action.request.url, ...(action.undoRequest ? [action.undoRequest.url] : [])]
    : wordsOf(action).filter((word) => URL.canParse(word));

const pathsOf = (action: Action): string[] => [
  ...(action.kind === 'file' ? [action.path] : []),
  ...(action.kind === 'release' ? [action.link] : []),
  ...wordsOf(action).flatMap((word) => (word.includes('/') ? [word.slice(word.indexOf('/'))] : [])),
];

/** Program and arguments of every command of an action. */
function wordsOf(action: Target['action']): readonly string[] {
  switch (action.kind) {
    case 'exec':
      return [...action.argv, ...(action.undoArgv ?? [])];
    case 'file':
    case 'release':
      return action.then ?? [];
    case 'http':
    case 'postgres':
    case 'wait':
    case 'inactive':
      return [];
  }
}

function serverAt({ servers }: Stand, url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { hostname, port, protocol } = new URL(url);
  const at = `${loopback(hostname)}:${port || (protocol === 'https:' ? '443' : '80')}`;
  return Object.entries(servers).find(([, address]) => address !== undefined && normal(address) === at)?.[0];
}

const loopback = (host: string): string => (host === 'localhost' || host === '[::1]' ? '127.0.0.1' : host);

const normal = (address: string): string => {
  const at = address.lastIndexOf(':');
  return `${loopback(address.slice(0, at))}${address.slice(at)}`;
};

async function folderOf({ folders }: Stand, paths: readonly string[]): Promise<string | undefined> {
  const real = await Promise.all(paths.map(realOf));
  for (const [name, folder] of Object.entries(folders)) {
    if (folder === undefined) continue;
    const own = await realOf(folder);
    if (real.some((path) => path === own || path.startsWith(own + sep))) return name;
  }
  return undefined;
}

/** With every link followed, as far as the path exists. */
async function realOf(path: string): Promise<string> {
  const whole = resolve(path);
  const found = await realpath(whole).catch(() => undefined);
  if (found !== undefined) return found;
  const parent = dirname(whole);
  return parent === whole ? whole : `${await realOf(parent)}${whole.slice(parent === sep ? 0 : parent.length)}`;
}
