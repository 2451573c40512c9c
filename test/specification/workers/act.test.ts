import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const worker = fileURLToPath(new URL('../../../dist/workers/worker.js', import.meta.url));

test('a worker that acts does not start without the folder of its journals', () => {
  const { HALE_STATE: _, ...env } = process.env;
  const { status, stderr } = spawnSync(process.execPath, [worker, 'act', 'docker'], { env, encoding: 'utf8' });
  expect(stderr).toContain('HALE_STATE: not set, allowed: one folder for all workers of this account that act, for example /var/lib/hale');
  expect(status).not.toBe(0);
});
