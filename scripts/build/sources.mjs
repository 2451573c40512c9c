import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** The folders that make up the product and its lab; tests run from their sources. */
const folders = ['domain', 'contracts', 'workflows', 'activities', 'adapters', 'secrets', 'workers', 'client', 'page', 'lab', 'testing'];
const settings = ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts/build.mjs'];

/** Every source file, relative to root, in a fixed order. */
export function sources(root) {
  return folders
    .map((folder) => join(root, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { withFileTypes: true, recursive: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}

/** True when dist/ was built, to the end, from the sources as they are now. */
export function isBuilt(root) {
  const stamp = stampFile(root);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint(root);
}

/** Written as the last act of a build. */
export function markBuilt(root) {
  writeFileSync(stampFile(root), fingerprint(root));
}

const stampFile = (root) => join(root, 'dist', '.built');

function fingerprint(root) {
  const hash = createHash('sha256');
  for (const file of [...settings, ...sources(root)]) hash.update(`${file}\0`).update(readFileSync(join(root, file)));
  return hash.digest('hex');
}
