import { constants, existsSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import type { Commands, CommandEnd, Errand } from '../../activities/ports.js';
import { TargetRefused } from '../../domain/failure.js';
import type { Machine } from '../../domain/machine.js';
import { addressOf } from './request.js';

/**
 * Of all that ssh can do only this: one connection to a machine whose key is known, by this one key, and one request on it.
 * Nobody's settings are read (`-F none`), so that nothing is forwarded or started and no agent is asked; nothing is asked of a person.
 */
const options = [
  'BatchMode=yes',
  'StrictHostKeyChecking=yes',
  'GlobalKnownHostsFile=/dev/null',
  'UpdateHostKeys=no',
  'PreferredAuthentications=publickey',
  // Where the key's file is missing, ssh would try those of the account, unless one is named already.
  'IdentityFile=none',
  'ServerAliveInterval=5',
  'ServerAliveCountMax=3',
  'LogLevel=ERROR',
].flatMap((option) => ['-o', option]);

/** One that is switched off says nothing, and keeps others of its source waiting for as long. */
const CONNECT_MS_MAX = 10_000;

/** Asks a machine by the system's own ssh. The request is one argument of it, and one word of the forced command there. */
export const overSsh = (commands: Commands, machine: Machine, request: string, errand: Errand): Promise<CommandEnd> =>
  connected(commands, machine, errand, [], [request]);

/**
 * Whether the key may open ways to other places, which its line in authorized_keys is to forbid: asked by one to a port of the
 * machine's own where nobody listens. Undefined where nobody can tell.
 */
export async function mayForward(commands: Commands, machine: Machine, errand: Errand): Promise<boolean | undefined> {
  // ssh says only at this level why it opened none, and takes the first of two settings.
  const end = await connected(commands, machine, errand, ['-o', 'LogLevel=INFO', '-W', '127.0.0.1:1'], []);
  if (end.kind !== 'exited') return undefined;
  if (end.code === 0 || end.sentence.includes('open failed: connect failed')) return true;
  return end.sentence.includes('open failed: administratively prohibited') ? false : undefined;
}

async function connected(
  commands: Commands,
  machine: Machine,
  errand: Errand,
  how: readonly string[],
  request: readonly string[],
): Promise<CommandEnd> {
  const { host, port, user, knownHosts } = addressOf(machine);
  return withKeyFile(machine, (key) => {
    const known = ['-o', `UserKnownHostsFile=${knownHosts}`];
    const timeout = ['-o', `ConnectTimeout=${Math.max(1, Math.ceil(Math.min(errand.timeoutMs, CONNECT_MS_MAX) / 1000))}`];
    const way = ['-i', key, '-l', user, '-p', port, '--', host];
    return commands.run(['ssh', '-F', 'none', '-T', ...how, ...options, ...known, ...timeout, ...way, ...request], errand);
  });
}

/**
 * ssh reads a key from a file only. One from the environment lies in a file in memory that never has a name, and is gone with this
 * process however that ends; ssh reaches it by the descriptor that is open here.
 */
async function withKeyFile<T>({ key }: Machine, use: (file: string) => Promise<T>): Promise<T> {
  if ('file' in key) return use(key.file);
  const secret = process.env[key.env];
  if (secret === undefined) throw new TargetRefused(`the environment variable ${key.env} with the secret is not set`);
  const file = await openNameless();
  try {
    await file.write(`${secret.trim()}\n`);
    return await use(`/proc/${process.pid}/fd/${file.fd}`);
  } finally {
    await file.close();
  }
}

/** Node knows no name for what Linux calls O_TMPFILE, `__O_TMPFILE | O_DIRECTORY`. */
const nameless = 0o20000000 | constants.O_DIRECTORY;

async function openNameless(): Promise<FileHandle> {
  try {
    return await open(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), nameless | constants.O_RDWR | constants.O_EXCL, 0o600);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TargetRefused(`a key from the environment takes a file without a name, as Linux has it (${why}); allowed: {file: PATH}`);
  }
}
