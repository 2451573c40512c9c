/**
 * `npm run test:contract -- [--seeds N] [--first SEED] [BENCH...]`: compiles test/contract/wire and runs every provider against
 * its real target on a line that fails. Prints a table; its exit code is the answer.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiled = join(root, '.hale', 'measure');
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');

process.exitCode =
  node([tsc, '-p', 'tsconfig.measure.json', '--outDir', compiled]) ||
  node([join(compiled, 'test', 'contract', 'wire', 'index.js'), ...process.argv.slice(2)]);

function node(args) {
  return spawnSync(process.execPath, ['--enable-source-maps', ...args], { cwd: root, stdio: 'inherit' }).status ?? 1;
}
