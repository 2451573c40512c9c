// Compiles the product into dist/: JavaScript, the files it reads at run time, and the workflow bundle.
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { markBuilt, sources } from './build/sources.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');

removeStale();
compile();
copyAssets();
await bundleWorkflows('workflows.bundle.js', {});
await bundleWorkflows('workflows.sealed.bundle.js', { failureConverterPath: join(dist, 'contracts', 'failure-converter.js') });
chmodSync(join(root, 'bin', 'hale.mjs'), 0o755);
markBuilt(root);

/** A migration or module that was deleted or renamed must not live on in dist/. */
function removeStale() {
  if (!existsSync(dist)) return;
  const wanted = new Set(sources(root).flatMap(outputsOf));
  for (const entry of readdirSync(dist, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(dist, path);
    if (entry.isFile() && name.includes('/') && !wanted.has(name)) rmSync(path);
  }
}

function outputsOf(source) {
  if (!source.endsWith('.ts')) return [source];
  const stem = source.slice(0, -'.ts'.length);
  return [`${stem}.js`, `${stem}.js.map`, `${stem}.d.ts`];
}

function compile() {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}

function copyAssets() {
  for (const file of sources(root).filter((source) => !source.endsWith('.ts'))) {
    mkdirSync(dirname(join(dist, file)), { recursive: true });
    cpSync(join(root, file), join(dist, file));
  }
}

/** Built here once, so that no worker needs a compiler and a start takes no second longer. Where payloads are sealed, messages of failures are too. */
async function bundleWorkflows(name, more) {
  const { bundleWorkflowCode } = await import('@temporalio/worker');
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(dist, 'workflows', 'index.js'),
    payloadConverterPath: join(dist, 'contracts', 'payload-converter.js'),
    ...more,
    preloadModules: [join(dist, 'contracts', 'schemas.js')],
    logger: { log() {}, trace() {}, debug() {}, info() {}, warn: console.error, error: console.error },
  });
  const bundle = join(dist, name);
  writeFileSync(`${bundle}.new`, code);
  renameSync(`${bundle}.new`, bundle);
}
