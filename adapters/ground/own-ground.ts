import { lookup } from 'node:dns/promises';
import { realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
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
    const servers = await Promise.all(urlsOf(action).map((url) => serverAt(stand, url)));
    return servers.find((one) => one !== undefined) ?? (await folderOf(stand, pathsOf(action)));
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

interface Address {
  readonly host: string;
  readonly port: string;
}

/** The same port first, so that hardly a name has to be looked up. */
async function serverAt({ servers }: Stand, url: string): Promise<string | undefined> {
  const { hostname, port, protocol } = new URL(url);
  const asked = { host: hostname, port: port || (protocol === 'https:' ? '443' : '80') };
  for (const [name, address] of Object.entries(servers)) {
    if (address !== undefined && (await isSame(asked, addressOf(address)))) return name;
  }
  return undefined;
}

function addressOf(address: string): Address {
  const at = address.lastIndexOf(':');
  return { host: address.slice(0, at), port: address.slice(at + 1) };
}

async function isSame(one: Address, other: Address): Promise<boolean> {
  if (one.port !== other.port) return false;
  const [these, those] = await Promise.all([machinesOf(one.host), machinesOf(other.host)]);
  return these.some((machine) => those.includes(machine));
}

const LOOKUP_MS = 2_000;

/** All the addresses of a name; a name that nobody knows, or not in time, stands for itself. */
async function machinesOf(host: string): Promise<string[]> {
  const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  const found = lookup(name, { all: true }).then((all) => all.map(({ address }) => address));
  const inTime = wait(LOOKUP_MS, [name], { ref: false });
  return (await Promise.race([found, inTime]).catch(() => [name])).map(machineOf);
}

/** Whatever of 127.0.0.0/8 is asked, and what stands for "every address", is this machine. */
const machineOf = (address: string): string =>
  /^(127\.|0\.0\.0\.0$|::1$|::$|::ffff:7f|::ffff:127\.)/.test(address) ? 'this machine' : address;

async function folderOf({ folders }: Stand, paths: readonly string[]): Promise<string | undefined> {
  const real = (await Promise.all(paths.map(async (path) => [await realOf(path), await placeOf(path)]))).flat();
  for (const [name, folder] of Object.entries(folders)) {
    if (folder === undefined) continue;
    const own = await realOf(folder);
    if (real.some((path) => path === own || path.startsWith(own + sep))) return name;
  }
  return undefined;
}

/** Where a link itself lies, which a correction may replace, wherever it leads. */
const placeOf = async (path: string): Promise<string> => join(await realOf(dirname(resolve(path))), basename(path));

/** With every link followed, as far as the path exists. */
async function realOf(path: string): Promise<string> {
  const whole = resolve(path);
  const found = await realpath(whole).catch(() => undefined);
  if (found !== undefined) return found;
  const parent = dirname(whole);
  return parent === whole ? whole : `${await realOf(parent)}${whole.slice(parent === sep ? 0 : parent.length)}`;
}
