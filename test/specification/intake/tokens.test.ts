// Whose token was sent, and what becomes of that when secrets and configurations change.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { storeConfiguration } from '../../../adapters/postgres/configurations.js';
import { Tokens } from '../../../client/web/tokens.js';
import type { IntakeSource } from '../../../domain/alert.js';
import { configured } from '../../support/configured.js';
import { alert, intakeFile, shopService, webOn } from '../../support/intake.js';
import { freshFolder } from '../../support/knob.js';

async function tokens(content: string) {
  const file = join(await freshFolder(), 'token');
  await writeFile(file, content);
  let now = 1_000;
  const held = new Tokens(() => now);
  const source: IntakeSource = { name: 'am', accepts: 'alertmanager', token: { file }, perSecondMax: 1 };
  const lets = async (authorization: string | undefined): Promise<boolean> => (await held.owner([source], authorization)) === source;
  return { file, lets, later: () => (now += 1_001) };
}

test('a token is the text of its file without the line break, after Bearer in any case', async () => {
  const { lets } = await tokens('s3cret\n');
  expect(await lets('Bearer s3cret')).toBe(true);
  expect(await lets('bearer  s3cret')).toBe(true);
  for (const wrong of [undefined, '', 'Bearer', 'Bearer ', 'Bearer s3cre', 'Bearer s3cret2', 'Basic s3cret', 's3cret', 'Bearer s3cret x'])
    expect(await lets(wrong)).toBe(false);
});

test('a renewed token counts, and the old one no more', async () => {
  const { file, lets, later } = await tokens('old');
  expect(await lets('Bearer old')).toBe(true);
  await writeFile(file, 'new');
  later();
  expect([await lets('Bearer old'), await lets('Bearer new')]).toEqual([false, true]);
});

test('nobody has the token of a file that is empty or gone', async () => {
  const { file, lets, later } = await tokens('  \n');
  for (const sent of ['Bearer ', 'Bearer', '', 'Bearer nobody']) expect(await lets(sent)).toBe(false);
  await rm(file);
  later();
  for (const sent of ['Bearer ', 'Bearer', '', 'Bearer nobody']) expect(await lets(sent)).toBe(false);
});

test('a source that is taken out of the configuration is let in no more', async () => {
  const { fire, pool } = await webOn();
  expect((await fire([alert()])).status).toBe(200);
  const { fleet } = await configured(intakeFile(shopService));
  await storeConfiguration(pool, { ...fleet, version: 'v2', intake: [] }, 'hale.yaml', 'test');
  await expect.poll(async () => (await fire([])).status, { timeout: 5_000 }).toBe(401);
});
