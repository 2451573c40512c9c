import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Part } from './kept.js';
import { spawnLogged } from './spawn.js';

/** What the demo prints as one line of JSON when it is up. */
const announcement = z.object({ url: z.string(), config: z.string() });

export type Demo = z.infer<typeof announcement>;

/** The service that `npm start` shows: a program of its own, that hale knows only by the configuration it writes. */
export function demoPart(state: string): { readonly part: Part; readonly announced: () => Demo | undefined } {
  const logFile = join(state, 'logs', 'demo.log');
  const entry = fileURLToPath(new URL('../../lab/main.js', import.meta.url));
  let from = 0;
  const announced = (): Demo | undefined => lastAnnouncement(readFrom(logFile, from));
  const part: Part = {
    role: 'demo',
    logFile,
    endWith: 'SIGTERM',
    graceMs: 15_000,
    adoptable: false,
    isReady: async () => announced() !== undefined,
    launch: () => {
      from = readFrom(logFile, 0).length;
      return spawnLogged({ command: process.execPath, args: [entry, 'demo', '--state', state], logFile, channel: true });
    },
  };
  return { part, announced };
}

function readFrom(file: string, from: number): string {
  try {
    return readFileSync(file, 'utf8').slice(from);
  } catch {
    return '';
  }
}

function lastAnnouncement(text: string): Demo | undefined {
  const lines = text.split('\n').filter((line) => line.startsWith('{'));
  return lines.map(parseAnnouncement).findLast((found) => found !== undefined);
}

function parseAnnouncement(line: string): Demo | undefined {
  try {
    return announcement.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
