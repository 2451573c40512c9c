import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

test('failed tests make the test command fail, whatever the embedded database wants', () => {
  const argv = [at('node_modules/vitest/vitest.mjs'), 'run', '--config', at('test/support/exit-code/vitest.config.ts')];
  const { status, stdout } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
  expect(stdout).toContain('1 failed');
  expect(status).toBe(1);
});
