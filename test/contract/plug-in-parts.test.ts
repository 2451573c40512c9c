// The mistakes that people make in a module: `hale check` and a running hale say where, what stands there, and what is allowed.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadPlugIns } from '../../adapters/configuration/plug-ins.js';
import { plugInProvider } from '../../adapters/plug-in/provider.js';
import { TargetRefused } from '../../domain/failure.js';
import { ConfigurationFile } from '../../workers/stack/configuration.js';
import { complaints, resolved } from '../support/configuration.js';
import { freshDatabase } from '../support/database.js';
import { hale } from '../support/hale-command.js';
import { freshFolder } from '../support/knob.js';

const mistakes = `
const look = async () => ({ identity: '1', summary: 'on' });
const act = async () => undefined;
const right = { undo: 'loses', resource: ({ file }) => file, look, act };
const takeBack = act;
export { right };
export const restore = { ...right, undo: 'restore' };
export const noWayBack = { ...right, undo: 'restores' };
export const vainWayBack = { ...right, undo: 'nothingToRestore', takeBack };
export const misspelt = { ...right, happend: async () => true };
export const noLook = { undo: 'loses', resource: () => 'r', act };
export const textForAct = { ...right, act: 'restart' };
export const two = { ...right, undo: undefined, look: undefined };
export const throwing = { ...right, refuse: ({ flags }) => (flags.length > 0 ? undefined : 'needs flags') };
export const later = { ...right, refuse: async () => { throw new Error('nobody waits for it'); } };
export const yes = { ...right, refuse: () => true };
export const nothing = { ...right, resource: () => undefined };
export const resourceLater = { ...right, resource: async () => 'r' };
`;

const folder = mkdtempSync(join(tmpdir(), 'hale-plug-in-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const module = join(folder, 'mistakes.mjs');
writeFileSync(module, mistakes);

const configurationOf = (name: string, options = ''): string =>
  `apiVersion: hale/v1\nservices: {shop: {corrections: {off: {plugIn: ${module}, correction: ${name}${options}}}}}\n`;

const parts = 'undo, resource, look, act, refuse, pointless, happened, takeBack';

describe('a correction with a mistake', () => {
  it.each([
    ['restore', 'undo is "restore"; allowed: restores, nothingToRestore, loses, irreversible'],
    ['noWayBack', 'undo is "restores" without a takeBack; allowed: takeBack, or another undo'],
    ['vainWayBack', `undo is "nothingToRestore" beside a takeBack, which would never be called; allowed: undo: 'restores', or no takeBack`],
    ['misspelt', `unknown part "happend"; did you mean happened? known here: ${parts}`],
    ['noLook', 'look is undefined; allowed: a function'],
    ['textForAct', 'act is "restart"; allowed: a function'],
    ['two', 'undo is undefined; allowed: restores, nothingToRestore, loses, irreversible, and look is undefined; allowed: a function'],
  ])('in its parts, as in %s, is refused where it is named', async (name, fault) => {
    expect(await complaints(configurationOf(name))).toEqual([
      expect.stringMatching(/^hale\.yaml:2:\d+ services\.shop\.corrections\.off\.correction: /),
    ]);
    expect((await complaints(configurationOf(name)))[0]).toContain(`correction: ${name} of ${module} can't be used: ${fault}`);
  });

  it.each([
    ['throwing', `refuse of throwing in MODULE failed: Cannot read properties of undefined (reading 'length'); allowed: to answer`],
    ['later', 'refuse of later in MODULE answered a promise; allowed: undefined, or a text that says why, at once'],
    ['yes', 'refuse of yes in MODULE answered true; allowed: undefined, or a text that says why, at once'],
    ['nothing', 'resource of nothing in MODULE answered undefined; allowed: a text that is not empty, at once'],
    ['resourceLater', 'resource of resourceLater in MODULE answered a promise; allowed: a text that is not empty, at once'],
    ['right', 'resource of right in MODULE answered undefined; allowed: a text that is not empty, at once'],
  ])('in what it answers, as in %s, is refused where it is named', async (name, fault) => {
    const said = await complaints(configurationOf(name));
    expect(said).toEqual([expect.stringMatching(/^hale\.yaml:2:\d+ services\.shop\.corrections\.off: can't be tried: /)]);
    expect(said[0]).toContain(fault.replace('MODULE', module));
  });

  it('in no part is taken, and is asked for a resource that is still to be filled in when it acts', async () => {
    const text = configurationOf('right', ', with: {file: /etc/flags.json}');
    expect((await resolved(text)).shop?.corrections[0]).toMatchObject({ undo: 'loses', action: { correction: 'right', tells: false } });
    expect(await complaints(configurationOf('nothing', ', with: {file: /etc/$service.json}'))).toEqual([]);
  });

  it('is called what it is by the name that is its own, and by no other that every object has', async () => {
    expect(await complaints(configurationOf('constructor'))).toEqual([expect.stringContaining('unknown correction "constructor"')]);
  });

  it('is not acted with by a worker that loads it later', async () => {
    const action = { kind: 'plugIn', module, correction: 'noLook', options: {}, tells: false } as const;
    await expect(plugInProvider(loadPlugIns).image({ service: 'shop', action, timeoutMs: 1_000 })).rejects.toThrow(
      new TargetRefused(`noLook of ${module} can't be used: look is undefined; allowed: a function`),
    );
  });
});

it.each(['restore', 'throwing', 'later'])('a mistake as in %s ends hale check with 2, and no word of a bug in hale', async (name) => {
  const path = join(await freshFolder(), 'hale.yaml');
  await writeFile(path, configurationOf(name));
  const { code, stdout, stderr } = await hale(['check', path]);
  expect(code).toBe(2);
  expect(stdout).toContain(`services.shop.corrections.off`);
  expect(stdout + stderr).not.toMatch(/bug|ZodError/);
});

it('a running hale says a mistake with its place, and stays with the configuration before', async () => {
  const { pool } = await freshDatabase();
  const path = join(await freshFolder(), 'hale.yaml');
  const said: string[] = [];
  const file = new ConfigurationFile(path, pool, (sentence) => said.push(sentence));
  await writeFile(path, configurationOf('right', ', with: {file: /etc/flags.json}'));
  await file.load();
  for (const name of ['restore', 'throwing']) {
    await writeFile(path, configurationOf(name));
    file.reload();
    await expect.poll(() => said.at(-1)).toContain(`${name} `);
    expect(said.at(-1)).toMatch(/^the configuration is broken, the one before it stays in force:\n {2}\S+:2:\d+ services\.shop/);
  }
});
