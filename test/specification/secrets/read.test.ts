import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { secretOf } from '../../../secrets/read.js';
import { freshFolder } from '../../support/knob.js';

afterEach(() => vi.unstubAllEnvs());

const fileOf = async (text: string) => {
  const file = join(await freshFolder(), 'secret');
  await writeFile(file, text);
  return file;
};

test('a secret is read at each use, without the line break of its file', async () => {
  const file = await fileOf('first\n');
  expect(await secretOf({ file })).toBe('first');
  await writeFile(file, 'second\r\n');
  expect(await secretOf({ file })).toBe('second');
  vi.stubEnv('HALE_TEST_SECRET', ' third ');
  expect(await secretOf({ env: 'HALE_TEST_SECRET' })).toBe('third');
});

test('one that is not there or empty is refused by its place', async () => {
  const file = await fileOf(' \n');
  await expect(secretOf({ file })).rejects.toThrow(`the secret in the file ${file} is empty`);
  await expect(secretOf({ file: `${file}.gone` })).rejects.toThrow(`no such file or directory, open '${file}.gone'`);
  await expect(secretOf({ env: 'HALE_NOT_SET' })).rejects.toThrow('the environment variable HALE_NOT_SET with the secret is not set');
  vi.stubEnv('HALE_TEST_SECRET', '');
  await expect(secretOf({ env: 'HALE_TEST_SECRET' })).rejects.toThrow('the secret in the environment variable HALE_TEST_SECRET is empty');
});
