// Modules of people's own that misbehave while they are loaded, on the disk, in processes of their own, and in the command that people run.
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadPlugIns } from '../../adapters/configuration/plug-ins.js';
import { identify } from '../../workers/stack/process-identity.js';
import { ConfigurationFile } from '../../workers/stack/configuration.js';
import { freshDatabase } from '../support/database.js';
import { hale } from '../support/hale-command.js';
import { freshFolder } from '../support/knob.js';

const correction = `export const off = {
  undo: 'loses',
  resource: () => 'flags',
  look: async () => ({ identity: '1', summary: 'on' }),
  act: async () => undefined,
};
`;
const hangs = 'await new Promise(() => undefined);';

/** A module with one correction that does this first. */
async function moduleOf(first: string): Promise<string> {
  const path = join(await freshFolder(), 'module.mjs');
  await writeFile(path, `${first}\n${correction}`);
  return path;
}

const configurationOf = (module: string): string =>
  `apiVersion: hale/v1\nservices: {shop: {corrections: {off: {plugIn: ${module}, correction: off}}}}\n`;

async function checked(module: string) {
  const path = join(await freshFolder(), 'hale.yaml');
  await writeFile(path, configurationOf(module));
  return hale(['check', path]);
}

describe('a module that is loaded', () => {
  it.each([
    ['waits without end', hangs],
    ['turns in a circle', 'for (;;);'],
  ])('and %s is given up in time, and its process ended', async (_, what) => {
    const path = await moduleOf(`import { writeFileSync } from 'node:fs';
      writeFileSync(new URL('pid', import.meta.url), String(process.pid));
      ${what}`);
    await expect(loadPlugIns(path, 2_000)).rejects.toThrow('it did not load within 2 s; allowed: a top level that comes to an end');
    const pid = join(path, '..', 'pid');
    // It may have been given up before it began.
    if (existsSync(pid)) await expect.poll(() => identify(Number(readFileSync(pid, 'utf8')))).toBeUndefined();
  });

  it('and waits without end where it was loaded before is given up in time too', async () => {
    const path = await moduleOf(`import { existsSync, writeFileSync } from 'node:fs';
      const lock = new URL('lock', import.meta.url);
      if (existsSync(lock)) ${hangs}
      writeFileSync(lock, '');`);
    await expect(loadPlugIns(path, 2_000)).rejects.toThrow('it did not load within 2 s');
  });

  it('and ends the process that loads it is refused, and the process that asked goes on', async () => {
    await expect(loadPlugIns(await moduleOf('process.exit(0);'))).rejects.toThrow('it ended the process that loaded it (exit code 0)');
    await expect(loadPlugIns(await moduleOf(`process.kill(process.pid, 'SIGKILL');`))).rejects.toThrow(
      'it ended the process that loaded it (SIGKILL)',
    );
  });

  it('and failed is loaded once it is repaired', async () => {
    const path = await moduleOf(`throw new Error('no licence');`);
    await expect(loadPlugIns(path)).rejects.toThrow('no licence');
    await writeFile(path, correction);
    expect(Object.keys(await loadPlugIns(path))).toEqual(['off']);
  });
});

describe('a running hale', () => {
  it('says which module does not load, and takes up the next change', async () => {
    const { pool } = await freshDatabase();
    const path = join(await freshFolder(), 'hale.yaml');
    const said: string[] = [];
    const file = new ConfigurationFile(path, pool, (sentence) => said.push(sentence));
    await writeFile(path, configurationOf(await moduleOf('')));
    await file.load();
    const broken = await moduleOf(hangs);
    await writeFile(path, configurationOf(broken));
    file.reload();
    await expect.poll(() => said.length, { timeout: 25_000 }).toBe(2);
    expect(said[1]).toContain(`services.shop.corrections.off.plugIn: ${broken} can't be loaded: it did not load within 10 s`);
    await writeFile(path, configurationOf(await moduleOf('')));
    file.reload();
    await expect.poll(() => said[2], { timeout: 25_000 }).toContain('is in force');
  }, 60_000);
});

describe('hale check', () => {
  it('ends when it has said its word, whatever a module has left open', async () => {
    expect(await checked(await moduleOf('setInterval(() => undefined, 1_000);'))).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('is valid'),
    });
  });

  it('is not ended by a module, and says which one tried', async () => {
    const module = await moduleOf('process.exit(0);');
    expect(await checked(module)).toMatchObject({ code: 2, stdout: expect.stringContaining(`${module} can't be loaded: it ended`) });
  });
});
