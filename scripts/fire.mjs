/** `npm run test:fire -- --kills 200 --seed S`: compiles test/fire and runs it in a process of its own. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiled = join(root, '.hale', 'measure');
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');

process.exitCode =
  node([tsc, '-p', 'tsconfig.measure.json', '--outDir', compiled]) ||
  node([join(compiled, 'test', 'fire', 'index.js'), ...process.argv.slice(2)]);

function node(args) {
  return spawnSync(process.execPath, ['--enable-source-maps', ...args], { cwd: root, stdio: 'inherit' }).status ?? 1;
}
