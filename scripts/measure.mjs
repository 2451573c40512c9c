/**
 * `npm run acceptance -- NAME [...]` and `npm run bench -- NAME [...]`: compiles test/<kind>/NAME and runs it in a
 * process of its own, whose exit code is the answer: 0 all bounds held, 1 short of one, 9 hit too little to count.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileMeasures } from './build/measures.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const [kind, name, ...rest] = process.argv.slice(2);

process.exitCode = known(kind).includes(name) ? run() : refuse();

function known(folder) {
  const path = join(root, 'test', folder);
  const entries = existsSync(path) ? readdirSync(path, { withFileTypes: true }) : [];
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

function refuse() {
  console.error(`name: got ${name ?? 'nothing'}, allowed: ${known(kind).join(', ') || 'none yet'}; for example npm run ${kind} -- NAME`);
  return 2;
}

function run() {
  const compiled = compileMeasures(root);
  if (compiled === undefined) return 1;
  const argv = ['--enable-source-maps', join(compiled, 'test', kind, name, 'index.js'), ...rest];
  return spawnSync(process.execPath, argv, { cwd: root, stdio: 'inherit' }).status ?? 1;
}
