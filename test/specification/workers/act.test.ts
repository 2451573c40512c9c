import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const worker = fileURLToPath(new URL('../../../dist/workers/worker.js', import.meta.url));

const away = { ...process.env, HALE_STATE: '/var/lib/hale', TEMPORAL_ADDRESS: '127.0.0.1:1' };
const act = (words: readonly string[]) => spawnSync(process.execPath, [worker, 'act', ...words], { env: away, encoding: 'utf8' });

test.each([
  [[], 'nothing'],
  [[''], 'nothing'],
  [['dokcer'], 'dokcer'],
  [['docker', 'none'], 'none'],
])('a worker that acts is told with what it does so, all of it included: %j is refused', (words, got) => {
  const { status, stderr } = act(words);
  expect(stderr).toContain(`act: got ${got}, allowed: machine, network, postgres, docker, kubernetes, plugIn, all\n`);
  expect(status).not.toBe(0);
});

test.each([[['all']], [['docker', 'machine']]])('a worker that acts with %j goes on to its Temporal', (words) => {
  const { status, stderr } = act(words);
  expect(stderr).toContain('TransportError');
  expect(status).not.toBe(0);
});

test('an empty HALE_ACT says nothing, and a worker of cycles does not start with it', () => {
  const { status, stderr } = spawnSync(process.execPath, [worker, 'cycles'], { env: { ...away, HALE_ACT: '' }, encoding: 'utf8' });
  expect(stderr).toContain('HALE_ACT: got nothing, allowed: machine, network, postgres, docker, kubernetes, plugIn, all, none\n');
  expect(status).not.toBe(0);
});

test('a worker that acts does not start without the folder of its journals', () => {
  const { HALE_STATE: _, ...env } = process.env;
  const { status, stderr } = spawnSync(process.execPath, [worker, 'act', 'docker'], { env, encoding: 'utf8' });
  expect(stderr).toContain('HALE_STATE: not set, allowed: one folder for all workers of this account that act, for example /var/lib/hale');
  expect(status).not.toBe(0);
});
