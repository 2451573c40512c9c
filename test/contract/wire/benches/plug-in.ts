import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Action } from '../../../../domain/service.js';
import type { WireBench } from '../bench.js';
import { ownFolder } from './folder.js';
import { assembled } from './module.js';

type PlugIn = Extract<Action, { kind: 'plugIn' }>;

const provider = assembled(
  { plugInProvider: 'adapters/plug-in/provider', loadPlugIns: 'adapters/configuration/plug-ins' },
  'plugInProvider(loadPlugIns)',
);

/** A lamp in a file, with the actions that lit it: written as one. */
const lamp = `
import { readFile, rename, writeFile } from 'node:fs/promises';
const lampIn = async (file) => JSON.parse(await readFile(file, 'utf8'));
const put = async (file, lamp) => {
  await writeFile(file + '.new', JSON.stringify(lamp));
  await rename(file + '.new', file);
};
export const lit = {
  undo: 'restores',
  resource: ({ file }) => file,
  look: async ({ file }) => {
    const { light } = await lampIn(file);
    return { identity: light, summary: light, content: { light } };
  },
  act: async ({ file }, { actionId }) => put(file, { light: 'on', by: [...(await lampIn(file)).by, actionId] }),
  happened: async ({ file }, { actionId }) => (await lampIn(file)).by.includes(actionId),
  takeBack: async ({ file }, { before }) => put(file, { ...(await lampIn(file)), light: before.content.light }),
};
`;

/** A correction of people's own, whose module keeps its word. */
export const plugIn: WireBench<PlugIn> = {
  name: 'plugIn',
  provider,
  noWire: { why: 'a module in the worker', actsWithinMs: 10 },
  arrange: async () => {
    const { folder, close } = await ownFolder();
    const [file, module] = [join(folder, 'lamp'), join(dirname(provider.file), 'lamp.mjs')];
    const read = async () => JSON.parse(await readFile(file, 'utf8')) as { readonly light: string; readonly by: readonly string[] };
    const action: PlugIn = { kind: 'plugIn', module, correction: 'lit', options: { file }, tells: true };
    await writeFile(module, lamp);
    await writeFile(file, JSON.stringify({ light: 'off', by: [] }));
    return {
      aimedAt: () => ({ service: 'shop', action, timeoutMs: 5_000 }),
      effects: async () => (await read().catch(() => ({ by: [] }))).by.length,
      state: async () => (await read()).light,
      disturb: async () => writeFile(file, JSON.stringify({ ...(await read()), light: 'dimmed' })),
      remove: () => rm(file),
      close,
    };
  },
};
