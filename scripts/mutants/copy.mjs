// A copy of the tree in which mutants live, so that nobody's files are changed.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { mutated } from './list.mjs';

/** All files that git knows or would take, with what is built of them; the packages are those of the tree itself. */
export function copyTree(root, name) {
  const copy = join(root, '.hale', 'mutate', name);
  rmSync(copy, { recursive: true, force: true });
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' });
  for (const path of listed.split('\0').filter((one) => one !== '' && existsSync(join(root, one)))) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    cpSync(join(root, path), join(copy, path));
  }
  for (const made of ['dist', join('.hale', 'tools.json')]) cpSync(join(root, made), join(copy, made), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

/** Changes one file for the time of `work`. Answers what `work` answers. */
export async function changed(copy, mutant, work) {
  const path = join(copy, mutant.file);
  const before = readFileSync(path, 'utf8');
  writeFileSync(path, mutated(before, mutant));
  try {
    if (mutant.build) build(copy);
    return await work();
  } finally {
    writeFileSync(path, before);
    if (mutant.build) build(copy);
  }
}

function build(copy) {
  const { status } = spawnSync(process.execPath, [join(copy, 'scripts', 'build.mjs')], { stdio: 'ignore' });
  if (status !== 0) throw new Error('it can not be built');
}
