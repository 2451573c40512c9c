import { constants } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import type { Surroundings } from '../../contracts/configuration/files.js';
import { loadPlugIns } from './plug-ins.js';

const bytesMax = 4_000_000;

/** Files, environment and clock of this machine. Reading throws, with a sentence, for all but a regular file of sane size. */
export const thisMachine = (): Surroundings => ({
  read,
  list: (folder) => readdir(folder),
  plugIns: loadPlugIns,
  env: process.env,
  now: Date.now(),
});

/** A pipe or a device would be waited for without end, or never run dry. */
async function read(path: string): Promise<string> {
  const kind = await stat(path);
  if (!kind.isFile()) throw new Error(`it is ${nameOf(kind)}; allowed: a regular file, such as hale.yaml`);
  // It may have become a pipe meanwhile, which would be waited for on opening.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of file.createReadStream({ end: bytesMax, autoClose: false })) chunks.push(chunk as Buffer);
    const content = Buffer.concat(chunks);
    if (content.length > bytesMax) throw new Error(`it is larger than ${bytesMax} bytes, which is the most that is allowed`);
    return content.toString('utf8');
  } finally {
    await file.close();
  }
}

function nameOf(kind: Awaited<ReturnType<typeof stat>>): string {
  if (kind.isDirectory()) return 'a folder';
  if (kind.isFIFO()) return 'a named pipe';
  return kind.isSocket() ? 'a socket' : 'a device';
}
