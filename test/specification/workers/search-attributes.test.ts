import { TestWorkflowEnvironment } from '@temporalio/testing';
import { expect, inject, onTestFinished, test } from 'vitest';
import { searchAttributeTypes } from '../../../contracts/names.js';
import { ensureSearchAttributes } from '../../../workers/search-attributes.js';

async function server(attributes: Readonly<Record<string, string>>): Promise<TestWorkflowEnvironment> {
  const flags = Object.entries(attributes).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]);
  const environment = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'existing-path', path: inject('temporalCli') }, extraArgs: flags },
  });
  onTestFinished(() => environment.teardown());
  return environment;
}

test('attributes that a server lacks are added, once', async () => {
  const { connection } = await server({ HaleService: 'Keyword' });
  const names = Object.keys(searchAttributeTypes).filter((name) => name !== 'HaleService');
  expect(await ensureSearchAttributes(connection.operatorService, 'default')).toEqual({ kind: 'added', names });
  expect(await ensureSearchAttributes(connection.operatorService, 'default')).toEqual({ kind: 'present' });
});

test('where they can not be added the command to run is named', async () => {
  // The server has ten slots for keywords; these leave too few.
  const others = Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`Other${index}`, 'Keyword']));
  const { connection } = await server(others);
  const check = await ensureSearchAttributes(connection.operatorService, 'default');
  expect(check).toMatchObject({
    kind: 'missing',
    command: expect.stringMatching(
      /^temporal operator search-attribute create --namespace default --name HaleService --type Keyword/,
    ) as string,
  });
});
