// The correction beside this file, held to all that hale's own keep: `npx vitest run`.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { holdsPlugInContract } from 'hale/testing';
import { switchOff } from './feature-flag.js';

holdsPlugInContract('switchOff', switchOff, async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'flags-')), 'flags.json');
  const flags = { newCheckout: true, banner: true };
  await writeFile(file, JSON.stringify(flags));
  return {
    options: { file, flag: 'newCheckout' },
    effects: async () => ((await readFile(file, 'utf8').catch(() => '')).includes('lastAction') ? 1 : 0),
    state: () => readFile(file, 'utf8'),
    disturb: () => writeFile(file, JSON.stringify({ ...flags, banner: false })),
    remove: () => rm(file),
  };
});
