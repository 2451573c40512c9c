// hale as people get it: packed, and held against their corrections by a runner that knows nothing of this repository.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const vitest = join(root, 'node_modules', 'vitest');
const home = mkdtempSync(join(tmpdir(), 'hale-testing-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Blocks of code of docs/plug-ins.md by the file that their first line names. */
const documented = new Map(
  [...readFileSync(join(root, 'docs', 'plug-ins.md'), 'utf8').matchAll(/^```js\n\/\/ \S*\/(\S+)\n([\s\S]*?)^```$/gm)].map(
    ([, name = '', code = '']) => [name, code] as const,
  ),
);

/** Corrections, and a provider of one, that break their word; the shop keeps a log of who wrote its flags. */
const liars = `
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { holdsPlugInContract, holdsProviderContract, plugInBench } from 'hale/testing';
import { switchOff } from './feature-flag.js';

const honest = { ...switchOff, act: async (options, call) => {
  await appendFile(options.file + '.log', call.actionId + '\\n');
  await switchOff.act(options, call);
} };
const flags = { newCheckout: true, banner: true };
async function target() {
  const file = join(await mkdtemp(join(tmpdir(), 'flags-')), 'flags.json');
  await writeFile(file, JSON.stringify(flags));
  return {
    options: { file, flag: 'newCheckout' },
    effects: async () => (await readFile(file + '.log', 'utf8').catch(() => '')).split('\\n').length - 1,
    state: () => readFile(file, 'utf8'),
    disturb: () => writeFile(file, JSON.stringify({ ...flags, banner: false })),
    remove: () => rm(file),
  };
}
const held = (name, lie) => holdsPlugInContract(name, { ...honest, ...lie }, target);
const provided = (name, lie) => holdsProviderContract(name, async () => {
  const bench = await plugInBench(name, honest, target)();
  return { ...bench, provider: { ...bench.provider, ...lie(bench.provider) } };
}, { goal: 'it chooses none' });

held('an honest one', {});
held('one that acts while it looks', { look: async (options) => {
  await honest.act(options, { actionId: 'early' });
  return honest.look(options);
} });
held('one that never knows of what it did', { happened: async () => false });
held('one that looks at less than it takes back', { look: async (options) => {
  const seen = await honest.look(options);
  return { ...seen, identity: String(seen.content.flags[options.flag]) };
} });
provided('an honest provider', () => ({}));
provided('a provider that acts before permit', ({ apply }) => ({ apply: async (call) => {
  const after = await apply({ ...call, permit: async () => undefined });
  await call.permit();
  return after;
} }));
provided('a provider that repeats what was lost', ({ apply, image }) => ({ apply: (call) =>
  apply(call).catch(async () => apply({ ...call, before: await image(call) })) }));
provided('a provider that undoes what somebody else did', ({ undo, image }) => ({ undo: async (call) => undo(call, await image(call)) }));
`;

const earlyRule = 'touches nothing before permit was given, and nothing at all without it';
const lostRule = 'reads back what a call did whose answer was lost';
const theirsRule = 'leaves alone what somebody else changed after the action';

interface Tested {
  readonly suite: string;
  readonly title: string;
  readonly status: string;
}

/** A package of people's own, with hale as it is packed and a way to their runner. */
function theirPackage(name: string, files: Readonly<Record<string, string>>, withVitest = true): string {
  const folder = join(home, name);
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  cpSync(join(home, 'package'), join(folder, 'node_modules', 'hale'), { recursive: true });
  if (withVitest) symlinkSync(vitest, join(folder, 'node_modules', 'vitest'));
  for (const [file, text] of Object.entries({ 'package.json': '{"type": "module"}', ...files })) writeFileSync(join(folder, file), text);
  return folder;
}

function tested(folder: string, ...more: readonly string[]): Tested[] {
  const report = join(folder, 'report.json');
  const argv = [join(vitest, 'vitest.mjs'), 'run', '--reporter=json', `--outputFile=${report}`, ...more];
  const { stderr } = spawnSync(process.execPath, argv, { cwd: folder, encoding: 'utf8', env: { PATH: process.env.PATH } });
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
    testResults: { message: string; assertionResults: { ancestorTitles: string[]; title: string; status: string }[] }[];
  };
  if (testResults.some(({ assertionResults }) => assertionResults.length === 0)) throw new Error(stderr);
  return testResults.flatMap(({ assertionResults }) =>
    assertionResults.map(({ ancestorTitles, title, status }) => ({ suite: ancestorTitles.join(' '), title, status })),
  );
}

const fails = (all: readonly Tested[], suite: string): string[] =>
  all.filter((one) => one.suite === `${suite} keeps the provider contract` && one.status !== 'passed').map(({ title }) => title);

beforeAll(() => {
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', home], { cwd: root });
  execFileSync('tar', ['xzf', 'hale-0.1.0.tgz'], { cwd: home });
});

describe('hale/testing in a package of its users', () => {
  const example = Object.fromEntries(documented);

  it('holds the documented correction, of 20 lines at most, to every rule', () => {
    const code = (documented.get('feature-flag.js') ?? '').trim().split('\n');
    expect(code.length).toBeLessThanOrEqual(20);
    const all = tested(theirPackage('documented', example));
    expect(all.length).toBeGreaterThanOrEqual(14);
    expect(all.filter(({ status }) => status !== 'passed')).toEqual([]);
  });

  it('needs no Vitest where the runner has globals, and holds the example that ships', () => {
    const folder = theirPackage('globals', {}, false);
    cpSync(join(folder, 'node_modules', 'hale', 'examples', 'plug-in'), folder, { recursive: true });
    const all = tested(folder, '--globals');
    expect(all.length).toBeGreaterThanOrEqual(14);
    expect(all.filter(({ status }) => status !== 'passed')).toEqual([]);
  });

  describe('finds out, by name,', () => {
    let all: readonly Tested[] = [];
    beforeAll(() => void (all = tested(theirPackage('lying', { ...example, 'feature-flag.test.js': liars }))));

    it.each(['an honest one', 'an honest provider'])('nothing about %s', (suite) => {
      expect(all.filter((one) => one.suite.startsWith(suite)).length).toBeGreaterThanOrEqual(14);
      expect(fails(all, suite)).toEqual([]);
    });

    it.each([
      ['one that acts while it looks', earlyRule],
      ['one that never knows of what it did', lostRule],
      ['one that looks at less than it takes back', theirsRule],
      ['a provider that acts before permit', earlyRule],
      ['a provider that repeats what was lost', lostRule],
      ['a provider that undoes what somebody else did', theirsRule],
    ])('%s', (suite, rule) => {
      expect(fails(all, suite)).toContain(rule);
    });
  });

  it('has types that say what a correction is, and need no others', () => {
    const typed = (undo: string): string => `
      import { defineCorrection } from 'hale/plug-in';
      import { holdsPlugInContract } from 'hale/testing';
      const restart = defineCorrection<{ unit: string }>({
        undo: '${undo}',
        resource: ({ unit }) => unit,
        look: async ({ unit }) => ({ identity: unit, summary: unit }),
        act: async () => undefined,
      });
      holdsPlugInContract('restart', restart, async () => ({
        options: { unit: 'shop' },
        effects: async () => 0,
        state: async () => '',
        disturb: async () => undefined,
        remove: async () => undefined,
      }));`;
    const folder = theirPackage('typed', { 'good.ts': typed('loses'), 'bad.ts': typed('sometimes') }, false);
    const compiled = (file: string) => {
      const options = ['--noEmit', '--strict', '--module', 'nodenext', '--lib', 'es2023,dom', '--types', '', file];
      return spawnSync(join(root, 'node_modules', '.bin', 'tsc'), options, { cwd: folder, encoding: 'utf8' }).stdout;
    };
    expect(compiled('good.ts')).toBe('');
    expect(compiled('bad.ts')).toMatch(/'"sometimes"' is not assignable to type .*"restores"/);
  });
});
