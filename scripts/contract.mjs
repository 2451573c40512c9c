/**
 * `npm run test:contract -- [--seeds N] [--first SEED] [BENCH...]`: compiles test/contract/wire and runs every provider against
 * its real target on a line that fails. Prints a table; its exit code is the answer.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileMeasures } from './build/measures.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiled = compileMeasures(root);
process.exitCode = compiled === undefined ? 1 : run(join(compiled, 'test', 'contract', 'wire', 'index.js'));

function run(file) {
  const argv = ['--enable-source-maps', file, ...process.argv.slice(2)];
  return spawnSync(process.execPath, argv, { cwd: root, stdio: 'inherit' }).status ?? 1;
}
