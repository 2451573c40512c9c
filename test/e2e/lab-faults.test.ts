// The lab's own proof, without hale: a fault is broken service by the probe's word, and its repair is a repair.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const main = fileURLToPath(new URL('../../dist/lab/main.js', import.meta.url));

test.each(['hang', 'lock-queue'])('%s bites under load, and its repair holds by the word of the probe', { timeout: 120_000 }, (fault) => {
  const { stdout, status } = spawnSync(process.execPath, [main, 'prove', '--faults', fault, '--seed', '11'], { encoding: 'utf8' });
  expect(JSON.parse(stdout)).toMatchObject({ fault, seed: 11, holds: true });
  expect(status).toBe(0);
});

test('an unknown fault is refused with the names there are', () => {
  const { stderr, status } = spawnSync(process.execPath, [main, 'prove', '--faults', 'earthquake'], { encoding: 'utf8' });
  expect(stderr).toContain('no fault earthquake: there is kill, hang, bad-config');
  expect(status).toBe(2);
});
