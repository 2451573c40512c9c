#!/usr/bin/env node
// The `hale` command. A fresh clone is made ready first, so that `npx hale` needs no other step.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

if (!existsSync(at('dist/.built'))) {
  const { status } = spawnSync(process.execPath, [at('scripts/setup.mjs'), '--build'], { stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(1);
}
await import('../dist/client/cli/main.js');
