// What `hale up` runs: the parent of every process of one hale.
import { migrate, openDatabase } from '../adapters/postgres/database.js';
import { opennessOf, PayloadKeysRefused } from '../adapters/encryption/keys.js';
import { takePayloadKeys } from './payload-keys.js';
import { CannotStart } from './stack/cannot-start.js';
import { claimState } from './stack/claim.js';
import { ConfigurationFile } from './stack/configuration.js';
import { demoPart, type Demo } from './stack/demo.js';
import { readOptions, type Options } from './stack/options.js';
import { makeStateFolder, RunFile } from './stack/run-file.js';
import { takeStand, type Stand } from './stack/stand.js';
import type { Environment } from './stack/temporal-target.js';
import { Tree } from './stack/tree.js';
import { webPart, workerPart, type WorkerRole } from './stack/worker-part.js';

const startedAt = performance.now();
const report = (line: string): void => console.error(`${new Date().toISOString().slice(11, 19)} ${line}`);
const seconds = (): string => `${((performance.now() - startedAt) / 1_000).toFixed(1)} s`;

async function up(options: Options, env: Environment): Promise<void> {
  makeStateFolder(options.state);
  const runFile = claimState(options.state, () => new RunFile(options.state));
  const tree = new Tree(runFile, report);
  endOnSignals(tree, runFile);
  try {
    const stand = await takeStand(options, runFile, tree, env, report);
    await migrate(stand.databaseUrl);
    await tryPayloadKeys(stand.databaseUrl, options.payloadKeys);
    runFile.update({ payloadKeys: options.payloadKeys ?? null });
    const demo = options.demo ? await startDemo(options, tree) : undefined;
    const config = options.config ?? demo?.config ?? '';
    runFile.update({ config });
    const file = new ConfigurationFile(config, openDatabase(stand.databaseUrl, 1), report);
    await file.load();
    await tree.start(...workers(options, stand), webPart(stand.webPort, options.state, webEnvironment(options, stand), report));
    runFile.update({ web: { url: webUrl(stand) } });
    if (tree.isStopping) return;
    file.follow();
    reloadOnHangUp(file);
    announce(options, stand, demo);
  } catch (error) {
    if (tree.isStopping) return;
    await tree.stop();
    runFile.remove();
    throw error;
  }
}

/** Here, where a person reads it; each worker tries them again. */
async function tryPayloadKeys(databaseUrl: string, file: string | undefined): Promise<void> {
  const pool = openDatabase(databaseUrl, 1);
  try {
    await takePayloadKeys(pool, file);
    const openness = file === undefined ? undefined : opennessOf(file);
    if (openness !== undefined) report(openness);
  } catch (error) {
    throw error instanceof PayloadKeysRefused ? new CannotStart(error.message, 5) : error;
  } finally {
    await pool.end();
  }
}

async function startDemo(options: Options, tree: Tree): Promise<Demo | undefined> {
  report('starting the demo service');
  const { part, announced } = demoPart(options.state);
  await tree.start(part);
  report(`the demo service answers after ${seconds()}`);
  return announced();
}

function workers(options: Options, stand: Stand): ReturnType<typeof workerPart>[] {
  const { ui, namespace } = stand.temporal;
  const page = ui === null ? {} : { HALE_TEMPORAL_PAGE: `${ui}/namespaces/${encodeURIComponent(namespace)}` };
  const env = { ...environment(options, stand), ...page, HALE_WEB: new URL(webUrl(stand)).host, HALE_STATE: options.state };
  const numbers = Array.from({ length: options.workers }, (_, index) => index + 1);
  const roles: readonly WorkerRole[] = ['cycles', 'watch'];
  return roles.flatMap((role) => numbers.map((number) => workerPart(role, number, options.state, env, report)));
}

const environment = ({ payloadKeys = '' }: Options, stand: Stand): Environment => ({
  ...stand.temporal.env,
  HALE_DATABASE_URL: stand.databaseUrl,
  HALE_PAYLOAD_KEYS: payloadKeys,
});

/** Another page of Temporal than hale's own is named by HALE_CODEC_ORIGIN. */
const webEnvironment = (options: Options, stand: Stand): Environment => ({
  ...environment(options, stand),
  ...(options.openPayloads && stand.temporal.ui !== null && { HALE_CODEC_ORIGIN: stand.temporal.ui }),
});

const webUrl = ({ webPort }: Stand): string => `http://127.0.0.1:${webPort}`;

function announce(options: Options, stand: Stand, demo: Demo | undefined): void {
  const lines = [
    `hale is up after ${seconds()}. Ctrl-C ends it; nothing is lost.`,
    ...(demo ? [`  demo service  ${demo.url}`] : []),
    `  web           ${webUrl(stand)}`,
    `  Temporal      ${stand.temporal.ui ?? stand.temporal.address}`,
    `  state         ${options.state}`,
  ];
  console.log(lines.join('\n'));
}

/** SIGHUP means "read your configuration again", unless it comes from a terminal that was closed. */
function reloadOnHangUp(file: ConfigurationFile): void {
  process.on('SIGHUP', () => (process.stdin.isTTY ? process.kill(process.pid, 'SIGTERM') : file.reload()));
}

/** The first signal lets everything finish what it has in hand, the second one does not. */
function endOnSignals(tree: Tree, runFile: RunFile): void {
  const onSignal = (name: NodeJS.Signals): void => {
    if (tree.isStopping) {
      tree.kill();
      process.exit(130);
    }
    report(`${name}: finishing what is in hand; a second one ends everything at once`);
    void tree.stop().then(() => {
      runFile.remove();
      report('everything has ended');
      process.exit(0);
    });
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, onSignal);
}

try {
  const env: Environment = Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  await up(readOptions(process.argv.slice(2), env), env);
} catch (error) {
  if (!(error instanceof CannotStart)) throw error;
  console.error(`hale up: ${error.message}`);
  process.exit(error.exitCode);
}
