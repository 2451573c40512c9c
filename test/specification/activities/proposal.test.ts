import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import { diagnoseService } from '../../../activities/diagnose-service.js';
import type { Diagnosed } from '../../../contracts/activities.js';
import { freshFolder } from '../../support/knob.js';
import { shopCorrection } from '../../support/shop-correction.js';

async function spoiledFile() {
  const path = join(await freshFolder(), 'shop.conf');
  const shop = await shopCorrection(`file: ${path}, restore: lastGood`);
  const action = { kind: 'file', path, restore: 'lastGood' } as const;
  const rememberGood = async (text: string): Promise<void> => {
    await writeFile(path, text);
    const image = await shop.ports.providers.for(action)?.image({ service: 'shop', action, timeoutMs: 1_000 });
    if (image) await shop.ports.knownGood.record('shop', undefined, 'fix', image);
    await writeFile(path, 'bad');
  };
  return { ...shop, path, rememberGood };
}

test('an approval given for one good image does not count for another', async () => {
  const { propose, rememberGood } = await spoiledFile();
  await rememberGood('good');
  const approved = await propose(1);
  await rememberGood('better');
  expect(await propose(2)).not.toBe(approved);
});

test('an approval does not count once its target has changed', async () => {
  const { propose, rememberGood, path } = await spoiledFile();
  await rememberGood('good');
  const approved = await propose(1);
  await writeFile(path, 'bad in another way');
  expect(await propose(2)).not.toBe(approved);
});

test('a diagnosis, which stays in a history, holds no bytes of a file', async () => {
  const { ports, rememberGood } = await spoiledFile();
  await rememberGood('a secret');
  const input = { service: 'shop', configVersion: 'v1', cycle: 'cycle-1', findings: [] };
  const { diagnosis }: Diagnosed = await new MockActivityEnvironment().run(diagnoseService(ports), input);
  expect(diagnosis.examinations).toMatchObject([{ correction: 'fix', applicable: true, evidence: expect.stringContaining('8 bytes') }]);
  expect(JSON.stringify(diagnosis)).not.toContain(Buffer.from('a secret').toString('base64'));
});

test('a proposal that would do the same keeps its hash over attempts', async () => {
  const { propose, rememberGood } = await spoiledFile();
  await rememberGood('good');
  expect(await propose(2)).toBe(await propose(1));
});
