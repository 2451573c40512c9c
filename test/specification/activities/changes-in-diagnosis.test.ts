// What the change feed says counts in a diagnosis: in its sentence, and for corrections of what changed lately.
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import { diagnoseService } from '../../../activities/diagnose-service.js';
import { storeChanges } from '../../../adapters/postgres/changes.js';
import type { Diagnosed } from '../../../contracts/activities.js';
import type { Change } from '../../../domain/change.js';
import { configured } from '../../support/configured.js';

const deploy = (minutesAgo: number, changed: Partial<Change> = {}): Change => ({
  id: `run ${minutesAgo}`,
  source: 'ci',
  service: 'shop',
  kind: 'deploy',
  state: 'finished',
  summary: 'shop v2',
  reference: 'v2',
  by: 'ada',
  at: Date.now() - minutesAgo * 60_000,
  ...changed,
});

async function diagnosed(changes: readonly Change[]): Promise<Diagnosed['diagnosis']> {
  const { pool, ports } = await configured(`apiVersion: hale/v1
services:
  shop:
    signals: {up: {http: 'http://127.0.0.1:9/', every: 1s}}
    objectives: {up: {above: 0}}
    corrections:
      roll-back: {exec: [/bin/true], onlyIf: {changedWithin: 30m}}
`);
  await storeChanges(pool, changes);
  const input = { service: 'shop', configVersion: 'v1', cycle: 'cycle-1', findings: [] };
  const { diagnosis }: Diagnosed = await new MockActivityEnvironment().run(diagnoseService(ports), input);
  return diagnosis;
}

test('a change of the service is named in the diagnosis, and lets a correction for recent changes apply', async () => {
  const diagnosis = await diagnosed([deploy(3)]);
  expect(diagnosis.sentence).toContain('changed lately: deploy v2 by ada made 3m ago (ci)');
  expect(diagnosis.examinations).toMatchObject([{ correction: 'roll-back', applicable: true }]);
});

test('a change that ended lately is recent, however long ago it began', async () => {
  const diagnosis = await diagnosed([deploy(50, { finishedAt: Date.now() - 60_000 })]);
  expect(diagnosis.examinations).toMatchObject([{ applicable: true }]);
});

test('an old change, one of another service, one that hale made itself, or none lets no such correction apply', async () => {
  for (const changes of [[deploy(31)], [deploy(3, { service: 'till' })], [deploy(31), deploy(3, { by: 'hale' })], []]) {
    const { examinations } = await diagnosed(changes);
    expect(examinations).toMatchObject([
      { correction: 'roll-back', applicable: false, reason: expect.stringContaining('only for changes') as unknown },
    ]);
  }
});

test('what changed hours ago is no news, and of many changes the newest three are', async () => {
  expect((await diagnosed([deploy(61)])).sentence).not.toContain('changed lately');
  const { sentence } = await diagnosed([5, 4, 3, 2].map((minutes) => deploy(minutes, { reference: `v${minutes}` })));
  expect(sentence).toMatch(/changed lately: deploy v2 .*, deploy v3 .*, deploy v4 [^,]*$/);
});
