import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadPlugIns } from '../../adapters/configuration/plug-ins.js';
import { plugInProvider } from '../../adapters/plug-in/provider.js';
import { defineCorrection, type PlugIn } from '../../contracts/plug-in.js';
import { TargetRefused } from '../../domain/failure.js';
import { complaints, resolved } from '../support/configuration.js';
import { holdsPlugInContract, plugInBench, type PlugInTarget } from '../../testing/plug-in.contract.js';
import { callOn, undoOf } from '../../testing/provider.contract.js';

const example = fileURLToPath(new URL('../../examples/plug-in/feature-flag.js', import.meta.url));

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'hale-plug-in-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

const { switchOff } = (await loadPlugIns(example)) as { readonly switchOff: PlugIn };

/** The example of the docs on a real file of flags. */
async function flags(): Promise<PlugInTarget> {
  const file = join(await folder(), 'flags.json');
  const on = { newCheckout: true, banner: true };
  await writeFile(file, JSON.stringify(on));
  return {
    options: { file, flag: 'newCheckout' },
    effects: async () => ((await readFile(file, 'utf8').catch(() => '')).includes('lastAction') ? 1 : 0),
    state: () => readFile(file, 'utf8'),
    disturb: () => writeFile(file, JSON.stringify({ ...on, banner: false })),
    remove: () => rm(file),
  };
}

const flagsOn = plugInBench('switchOff', switchOff, flags);

holdsPlugInContract('plugIn', switchOff, flags);

describe('plugIn', () => {
  it('leaves an action of unclear fate to a person where the module can not tell', async () => {
    const bench = await flagsOn();
    const { happened: _, ...silent } = switchOff;
    const provider = plugInProvider(async () => ({ switchOff: silent }));
    expect(await provider.readBack(await callOn(bench))).toMatchObject({ kind: 'unknown' });
    expect(provider.readBackBy({ ...bench.target.action, tells: false })).toBe('none');
  });

  it('refuses a module that is gone, and has done nothing', async () => {
    const bench = await flagsOn();
    const provider = plugInProvider(() => Promise.reject(new Error('it is gone')));
    await expect(provider.apply(await callOn(bench))).rejects.toThrow(new TargetRefused(`switchOff can't be loaded: it is gone`));
    expect(await bench.effects()).toBe(0);
  });

  it('takes a refusal of a module that has a copy of the class for what it is', async () => {
    const bench = await flagsOn();
    const refusing = defineCorrection({
      undo: 'loses',
      resource: () => 'r',
      look: async () => ({ identity: '1', summary: 's' }),
      act: refuse,
    });
    const provider = plugInProvider(async () => ({ switchOff: refusing as PlugIn }));
    await expect(provider.apply(await callOn({ ...bench, provider }))).rejects.toThrow(TargetRefused);
  });
});

describe('the word of a module', () => {
  const saying = (more: Partial<PlugIn>) => plugInProvider(async () => ({ switchOff: { ...switchOff, ...more } }));

  it.each([null, undefined, 0, 1, '', 'no'])('that says %j when asked whether it was done has not said', async (answer) => {
    const provider = saying({ happened: async () => answer as unknown as boolean });
    expect(await provider.readBack(await callOn(await flagsOn()))).toEqual({
      kind: 'unknown',
      why: `switchOff can't tell whether it was done`,
    });
  });

  it('that it was not done is not believed of a target that is not as it was, as after an act that failed halfway', async () => {
    const bench = await flagsOn();
    const call = await callOn(bench);
    const file = String(bench.target.action.options.file);
    const halfway = async () => {
      await writeFile(file, '{"newCheckout":false,"banner":true}');
      throw new Error('the disk is full');
    };
    const provider = saying({ act: halfway });
    await expect(provider.apply(call)).rejects.toThrow('the disk is full');
    expect(await provider.readBack(call)).toEqual({
      kind: 'unknown',
      why: expect.stringMatching(
        /^it says it was not done, but the target is not as it was: it was on: newCheckout, banner, and is on: banner/,
      ),
    });
  });

  it('takes back nothing while an earlier try of the undo may, and has not asked for permission where that one did', async () => {
    const bench = await flagsOn();
    const [call, original] = [await callOn(bench), await bench.state()];
    const after = await bench.provider.apply(call);
    const look: PlugIn['look'] = async (options, abort) => {
      const seen = await switchOff.look(options, abort);
      await writeFile(String(options.file), original);
      return seen;
    };
    const never = () => Promise.reject(new Error('not asked for'));
    const late = { ...undoOf(call), underWayUntil: Date.now() + 60_000, permit: never };
    expect(await saying({ look, takeBack: never }).undo(late, after)).toMatchObject({ kind: 'undone' });
    expect(await bench.state()).toBe(original);
  });

  it('takes back nothing that somebody else changed while permit was asked', async () => {
    const bench = await flagsOn();
    const call = await callOn(bench);
    const after = await bench.provider.apply(call);
    let disturbed = '';
    const permit = async () => {
      await bench.disturb?.();
      disturbed = await bench.state();
    };
    expect(await bench.provider.undo({ ...undoOf(call), permit }, after)).toMatchObject({ kind: 'changedMeanwhile' });
    expect(await bench.state()).toBe(disturbed);
  });
});

function refuse(): never {
  throw Object.assign(new Error('not now'), { name: 'Refused' });
}

describe('a plug-in in the configuration', () => {
  const file = (correction: string): string => `apiVersion: hale/v1
services: {shop: {corrections: {off: ${correction}}}}
`;

  it('says itself what undoing means', async () => {
    const text = file(`{plugIn: ${example}, correction: switchOff, with: {file: /etc/flags.json, flag: new}, mode: act}`);
    expect((await resolved(text)).shop?.corrections[0]).toMatchObject({
      undo: 'restores',
      action: { kind: 'plugIn', correction: 'switchOff', options: { file: '/etc/flags.json', flag: 'new' }, tells: true },
    });
  });

  it.each([
    ['no module', `{plugIn: /nowhere/x.js, correction: a}`, /plugIn: \/nowhere\/x\.js can't be loaded: ENOENT/],
    ['no name', `{plugIn: ${example}}`, /is missing its correction; allowed: correction: one of switchOff/],
    ['a wrong name', `{plugIn: ${example}, correction: switchOf}`, /correction: .*did you mean switchOff/],
    ['options that it refuses', `{plugIn: ${example}, correction: switchOff}`, /is refused by switchOff of .*: needs {file: /],
    [
      'another undo class',
      `{plugIn: ${example}, correction: switchOff, undo: loses, with: {file: /f, flag: x}}`,
      /says loses, but plugIn restores/,
    ],
    ['an option that is no value', `{plugIn: ${example}, correction: switchOff, with: {file: {a: 1}}}`, /with\.file: is .*allowed: a text/],
  ])('with %s is refused in a sentence', async (_, correction, sentence) => {
    expect((await complaints(file(correction))).join('\n')).toMatch(sentence);
  });

  it('that exports nothing, or fails while it loads, is refused in a sentence', async () => {
    const dir = await folder();
    await writeFile(join(dir, 'empty.mjs'), 'export const nothing = 1;');
    await writeFile(join(dir, 'broken.mjs'), 'throw new Error("no licence");');
    expect(await complaints(file(`{plugIn: ${dir}/empty.mjs, correction: a}`))).toEqual([
      expect.stringMatching(/it exports no correction; allowed: export const/),
    ]);
    expect(await complaints(file(`{plugIn: ${dir}/broken.mjs, correction: a}`))).toEqual([
      expect.stringMatching(/can't be loaded: no licence/),
    ]);
  });
});
