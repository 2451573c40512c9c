import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of one target, until that is closed. */
export async function ownFolder(): Promise<{ readonly folder: string; readonly close: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'hale-wire-'));
  return { folder, close: () => rm(folder, { recursive: true, force: true }) };
}
