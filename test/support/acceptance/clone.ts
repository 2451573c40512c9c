import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command, lastLines } from './command.js';

/** Clones this project as committed into a folder of its own, and removes it when `use` has ended. */
export async function inFreshClone<T>(use: (clone: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'hale-clone-'));
  try {
    await chmod(folder, 0o755); // As root, PostgreSQL runs as another user, who must get through.
    const clone = join(folder, 'hale');
    const { code, output } = await command('git', ['clone', '--quiet', process.cwd(), clone], folder);
    if (code !== 0) throw new Error(`git clone: ${lastLines(output)}`);
    return await use(clone);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
