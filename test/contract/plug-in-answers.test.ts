// What the code of people's own may answer: all of it is looked at before hale relies on it.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadPlugIns } from '../../adapters/configuration/plug-ins.js';
import { plugInProvider } from '../../adapters/plug-in/provider.js';
import type { PlugIn } from '../../contracts/plug-in.js';
import type { Image } from '../../domain/effect.js';
import { TargetRefused } from '../../domain/failure.js';
import { plugInBench, type PlugInTarget } from '../../testing/plug-in.contract.js';
import { callOn, undoOf } from '../../testing/provider.contract.js';

const example = fileURLToPath(new URL('../../examples/plug-in/feature-flag.js', import.meta.url));
const { switchOff } = (await loadPlugIns(example)) as { readonly switchOff: PlugIn };

/** A real file of flags. */
async function flags(): Promise<PlugInTarget> {
  const folder = await mkdtemp(join(tmpdir(), 'hale-plug-in-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'flags.json');
  await writeFile(file, '{"newCheckout":true,"banner":true}');
  return {
    options: { file, flag: 'newCheckout' },
    effects: async () => ((await readFile(file, 'utf8')).includes('lastAction') ? 1 : 0),
    state: () => readFile(file, 'utf8'),
    disturb: () => writeFile(file, '{"newCheckout":true,"banner":false}'),
    remove: () => rm(file),
  };
}

const flagsOn = plugInBench('switchOff', switchOff, flags);
const saying = (more: Readonly<Record<string, unknown>>) =>
  plugInProvider(async () => ({ switchOff: { ...switchOff, ...more } as PlugIn }));
const looking = (more: Readonly<Record<string, unknown>>) =>
  saying({ look: async (options: never, abort: AbortSignal) => ({ ...(await switchOff.look(options, abort)), ...more }) });

const cycle: Record<string, unknown> = {};
cycle.again = cycle;

describe('what look answers', () => {
  it.each([
    [{ identity: undefined }, 'identity: undefined; allowed: a text that is not empty, the same exactly while nothing has changed'],
    [{ identity: '' }, 'identity: ""; allowed: a text that is not empty'],
    [{ identity: { version: 7 } }, 'identity: of type Object; allowed: a text that is not empty'],
    [{ summary: undefined }, 'summary: undefined; allowed: a text'],
    [{ summary: 'half of it\0' }, 'summary: "half of it\\u0000"; allowed: a text'],
    [{ content: 'all of it' }, 'content: "all of it"; allowed: an object of JSON values'],
    [{ content: { at: [new Date(0)] } }, 'content.at[0]: of type Date; allowed: JSON values'],
    [{ content: { count: Number.NaN } }, 'content.count: NaN; allowed: JSON values'],
    [{ content: { lots: 10n } }, 'content.lots: 10; allowed: JSON values'],
    [{ content: cycle }, '.again: of type Object; allowed: JSON values'],
  ])('with %o is refused before anything is done, with what is allowed', async (more, sentence) => {
    const bench = await flagsOn();
    const call = await callOn(bench);
    const refusal = await looking(more)
      .apply(call)
      .catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(TargetRefused);
    expect((refusal as Error).message).toMatch(/^look of switchOff in switchOff answered with /);
    expect((refusal as Error).message).toContain(sentence);
    expect(await bench.effects()).toBe(0);
    await expect(looking(more).image(bench.target)).rejects.toThrow(sentence);
  });

  it('in no object is refused before anything is done', async () => {
    const bench = await flagsOn();
    await expect(saying({ look: async () => undefined }).apply(await callOn(bench))).rejects.toThrow(
      new TargetRefused('look of switchOff in switchOff answered undefined; allowed: an object {identity, summary, content}'),
    );
    expect(await bench.effects()).toBe(0);
  });

  it('may leave parts of its content undefined, which JSON leaves out', async () => {
    const bench = await flagsOn();
    expect(await looking({ content: { owner: undefined, flags: [null, true, 1.5, 'on'] } }).image(bench.target)).toMatchObject({
      content: { flags: [null, true, 1.5, 'on'] },
    });
  });

  it('without an identity leaves it unknown what was done, and nothing that was not taken back is called undone', async () => {
    const bench = await flagsOn();
    const call = await callOn(bench);
    const after = await bench.provider.apply(call);
    const applied = await bench.state();
    const provider = looking({ identity: undefined });
    const unnamed = (image: Image): Image => ({ ...image, identity: undefined as never });
    await expect(provider.undo({ ...undoOf(call), before: unnamed(call.before) }, unnamed(after))).rejects.toThrow(
      'answered with identity: undefined',
    );
    expect(await bench.state()).toBe(applied);
    const silent = saying({ look: async () => ({ summary: 's' }), happened: async () => false });
    expect(await silent.readBack(call)).toEqual({ kind: 'unknown', why: expect.stringContaining('answered with identity: undefined') });
  });
});

describe('what the other parts answer', () => {
  it.each([
    ['undefined', () => undefined],
    ['""', () => ''],
    ['a promise', async () => 'flags'],
    ['7', () => 7],
  ])('is no resource where it is %s', async (named, resource) => {
    const bench = await flagsOn();
    await expect(saying({ resource }).resourceOf(bench.target)).rejects.toThrow(
      new Error(`resource of switchOff in switchOff answered ${named}; allowed: a text that is not empty, at once`),
    );
  });

  it.each([
    ['false', () => false],
    ['a promise', () => Promise.reject(new Error('nobody waits for it'))],
  ])('is no reason to do nothing where it is %s', async (named, pointless) => {
    const bench = await flagsOn();
    const before = await bench.provider.image(bench.target);
    await expect(saying({ pointless }).examine(bench.target, before, undefined)).rejects.toThrow(
      new Error(`pointless of switchOff in switchOff answered ${named}; allowed: undefined, or a text that says why, at once`),
    );
  });
});
