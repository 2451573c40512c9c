import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { readOptions } from '../../../workers/stack/options.js';

test('only the configuration must be named, all else has a default', () => {
  expect(readOptions(['--config', 'hale.yaml'], {})).toEqual({
    config: resolve('hale.yaml'),
    state: resolve('.hale'),
    port: undefined,
    temporal: undefined,
    database: undefined,
    payloadKeys: undefined,
    openPayloads: false,
    workers: 1,
    demo: false,
  });
});

test('what the command line leaves out is taken from the environment', () => {
  const env = { TEMPORAL_ADDRESS: 'temporal.example:7233', HALE_DATABASE_URL: 'postgres://db.example/hale' };
  const options = readOptions(['--demo', '--temporal', 'other.example:7233'], env);
  expect([options.temporal, options.database]).toEqual(['other.example:7233', 'postgres://db.example/hale']);
});

test.each([
  [[], '--config is missing'],
  [['--config', 'a', '--workers', '0'], '--workers is 0; it must be a whole number from 1 to 64, for example --workers 2'],
  [['--config', 'a', '--port', '70000'], '--port is 70000'],
  [['--config', 'a', '--stat', 'x'], "Unknown option '--stat'"],
])('options %j are refused with a sentence and exit code 2', (argv, sentence) => {
  expect(() => readOptions(argv, {})).toThrow(
    expect.objectContaining({ exitCode: 2, message: expect.stringContaining(sentence) as string }) as Error,
  );
});
