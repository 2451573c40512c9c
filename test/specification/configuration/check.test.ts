import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { check } from '../../../client/cli/check.js';
import { editorSchema } from '../../../contracts/configuration/editor.js';
import { minimalFile } from '../../support/configuration.js';

/** `hale check` on real files. */

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hale-check-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'hale.d'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

test('a valid file says so and exits with 0', async () => {
  const folder = await folderWith({ 'hale.yaml': minimalFile });
  const { text, exit, data } = await check([join(folder, 'hale.yaml')], {});
  expect(text).toBe(`${folder}/hale.yaml is valid: 1 service`);
  expect(exit).toBeUndefined();
  expect(data).toMatchObject({ valid: true, errors: [], warnings: [] });
});

test('an invalid file exits as wrong usage, with file, line and column', async () => {
  const folder = await folderWith({ 'hale.yaml': minimalFile.replace('above: 0', 'abve: 0') });
  const { text, exit, data } = await check([join(folder, 'hale.yaml')], {});
  expect(text).toContain(`${folder}/hale.yaml:8:12 services.shop.objectives.up.abve: unknown key "abve"; did you mean above?`);
  expect(exit).toBe('usage');
  expect(data).toMatchObject({ valid: false, errors: [{ line: 8, column: 12, path: 'services.shop.objectives.up.abve' }] });
});

test('mistakes of all files are said at once, included files too', async () => {
  const folder = await folderWith({
    'a.yaml': `include: [hale.d/*.yaml]\n${minimalFile}`,
    'hale.d/b.yaml': 'servces: {}\n',
    'c.yaml': 'x',
  });
  const { text } = await check([join(folder, 'a.yaml'), join(folder, 'c.yaml'), join(folder, 'none.yaml')], {});
  expect(text).toContain(`${folder}/hale.d/b.yaml:1:1 servces: unknown key "servces"; did you mean services?`);
  expect(text).toContain(`${folder}/c.yaml:1:1 holds no map`);
  expect(text).toContain(`${folder}/none.yaml:1:1 can't be read: ENOENT`);
});

test.each([
  ['a folder', (path: string) => mkdir(path), 'it is a folder; allowed: a regular file, such as hale.yaml'],
  ['a named pipe', async (path: string) => void execFileSync('mkfifo', [path]), 'it is a named pipe; allowed: a regular file'],
  ['a device', (path: string) => symlink('/dev/zero', path), 'it is a device; allowed: a regular file'],
  ['too large', (path: string) => writeFile(path, 'x'.repeat(4_000_001)), 'it is larger than 4000000 bytes, which is the most'],
])('what is %s is refused in a sentence and not waited for', async (_, make, sentence) => {
  const folder = await folderWith({});
  const path = join(folder, 'hale.yaml');
  await make(path);
  const { text, exit } = await check([path], {});
  expect(text).toContain(`${path}:1:1 can't be read: ${sentence}`);
  expect(exit).toBe('usage');
});

test('what is not active yet is named beside the answer', async () => {
  const folder = await folderWith({ 'hale.yaml': minimalFile.replace('for: 2s', 'for: 2s, warnAhead: 4h') });
  const { talk } = await check([join(folder, 'hale.yaml')], {});
  expect(talk).toEqual(['not active yet: services.shop.objectives.up.warnAhead']);
});

test('explain names the line, the class or the default behind each value', async () => {
  const classes =
    'classes: {web: {limits: {attempts: 2}, corrections: {restart: {mode: ask, cooldown: 9m}}}}\npolicy: {escalateAfter: 3m}\n';
  const folder = await folderWith({ 'hale.yaml': classes + minimalFile.replace('shop:', 'shop:\n    class: web') });
  const { data } = await check([join(folder, 'hale.yaml')], { explain: 'shop' });
  const { values } = data as { values: { path: string; value: string; origin: string }[] };
  const told = Object.fromEntries(
    values.map(({ path, value, origin }) => [path, `${value} <- ${origin.replace(/, .*:(\d+):\d+$/, ' line $1')}`]),
  );
  expect(told).toMatchObject({
    'signals.up.every': '1s <- service shop line 8',
    'signals.queue.timeout': '5s <- default',
    'corrections.restart.mode': 'act <- service shop line 14',
    'corrections.restart.cooldown': '9m <- class web line 1',
    'corrections.last-good.undo': 'restores <- default',
    'limits.attempts': '2 <- class web line 1',
    'limits.escalateAfter': '3m <- policy line 2',
    'limits.pauseMax': '8h <- default',
  });
});

test('explaining an unknown service names the nearest one', async () => {
  const folder = await folderWith({ 'hale.yaml': minimalFile });
  const { talk, exit } = await check([join(folder, 'hale.yaml')], { explain: 'shp' });
  expect(talk).toEqual(['unknown service "shp"; did you mean shop? known here: shop']);
  expect(exit).toBe('usage');
});

test('the schema for editors is the one in the repository', async () => {
  const stored = await readFile(fileURLToPath(new URL('../../../schemas/hale.schema.json', import.meta.url)), 'utf8');
  expect(JSON.parse(stored)).toEqual(editorSchema());
  expect(JSON.parse((await check([], { schema: true })).text)).toEqual(editorSchema());
});

test('what a file says can not rewrite the terminal', async () => {
  const folder = await folderWith({ 'hale.yaml': `${minimalFile}    "\\e[2J": x\n` });
  const { text } = await check([join(folder, 'hale.yaml')], {});
  expect(text).toContain('[2J');
  expect(text).not.toContain('\u001b');
});
