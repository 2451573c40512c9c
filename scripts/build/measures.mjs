import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sources } from './sources.mjs';

/** Compiles what is run beside the tests, with the files that it reads, and answers with the folder; undefined where it can't. */
export function compileMeasures(root) {
  const compiled = join(root, '.hale', 'measure');
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.measure.json', '--outDir', compiled], {
    cwd: root,
    stdio: 'inherit',
  });
  for (const file of [...sources(root).filter((source) => !source.endsWith('.ts')), 'scripts/kubernetes/cluster.mjs']) {
    mkdirSync(dirname(join(compiled, file)), { recursive: true });
    cpSync(join(root, file), join(compiled, file));
  }
  return status === 0 ? compiled : undefined;
}
