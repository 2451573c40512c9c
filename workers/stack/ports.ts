import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import { CannotStart } from './cannot-start.js';
import { writePrivately } from './run-file.js';

const portsSchema = z.object({ web: z.number(), ui: z.number(), temporal: z.number(), postgres: z.number() });

export type PortNames = keyof Ports;
export type Ports = Readonly<z.infer<typeof portsSchema>>;

const names = ['web', 'ui', 'temporal', 'postgres'] as const;

/**
 * The ports of this state folder: counted up from `first` where a person gave it, else those of the last start, else
 * free ones. `ours` says which ports are held by processes that this start adopts.
 * Throws CannotStart when a port that a person asked for belongs to somebody else.
 */
export async function choosePorts(folder: string, first: number | undefined, ours: ReadonlySet<number>): Promise<Ports> {
  const ports = first === undefined ? await rememberedOrFree(folder, ours) : await countedFrom(first, ours);
  writePrivately(fileOf(folder), `${JSON.stringify(ports)}\n`);
  return ports;
}

async function countedFrom(first: number, ours: ReadonlySet<number>): Promise<Ports> {
  const ports = { web: first, ui: first + 1, temporal: first + 2, postgres: first + 3 };
  for (const name of names) {
    if (ours.has(ports[name]) || (await isFree(ports[name]))) continue;
    throw new CannotStart(
      `port ${ports[name]} (${name}) is in use by another program. --port ${first} needs ${first} to ${first + 3}: ` +
        `end that program (find it with \`ss -ltnp 'sport = :${ports[name]}'\`), give another, for example --port ${first + 10}, ` +
        'or leave --port out and free ones are taken.',
      2,
    );
  }
  return ports;
}

async function rememberedOrFree(folder: string, ours: ReadonlySet<number>): Promise<Ports> {
  const before = remembered(folder);
  const chosen = new Set<number>();
  const choose = async (name: PortNames): Promise<number> => {
    const port = before?.[name];
    const isMine = port !== undefined && !chosen.has(port) && (ours.has(port) || (await isFree(port)));
    const mine = isMine ? port : await freePort(chosen);
    chosen.add(mine);
    return mine;
  };
  return { web: await choose('web'), ui: await choose('ui'), temporal: await choose('temporal'), postgres: await choose('postgres') };
}

function remembered(folder: string): Ports | undefined {
  try {
    return portsSchema.parse(JSON.parse(readFileSync(fileOf(folder), 'utf8')));
  } catch {
    return undefined;
  }
}

const fileOf = (folder: string): string => join(folder, 'ports.json');

function isFree(port: number): Promise<boolean> {
  return listenOnce(port).then(
    () => true,
    () => false,
  );
}

const FREE_FROM = 20_000;
const FREE_TO = 32_000;
const TRIES = 200;

/**
 * One that nobody listens on right now, below those that systems give to outgoing connections: one of these could be taken
 * in the seconds before a server listens on it.
 */
export async function freePort(except: ReadonlySet<number> = new Set()): Promise<number> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = randomInt(FREE_FROM, FREE_TO);
    if (!except.has(port) && (await isFree(port))) return port;
  }
  return listenOnce(0);
}

/** Resolves to the port after having listened on it for a moment; rejects when it can't be had. */
function listenOnce(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      const got = typeof address === 'object' && address !== null ? address.port : port;
      server.close(() => resolve(got));
    });
  });
}
