import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from '../../workers/stack/ports.js';

/** A server of Debian's packages, on loopback, with everything it writes in a folder of its own. */
export interface DebianServer {
  /** Without a slash at the end. */
  readonly url: string;
  readonly pid: number;
  readonly folder: string;
  /** Reads its configuration and rule files again, after they were written with `write`. */
  readonly reload: () => Promise<void>;
  readonly write: (file: string, text: string) => void;
  /** Ends it and removes its folder. */
  readonly stop: () => Promise<void>;
}

export interface PrometheusOptions {
  /** prometheus.yml; rule files are named by their file names. */
  readonly config: string;
  /** Rule files and others by name, written beside the configuration. */
  readonly files?: Readonly<Record<string, string>>;
  /**
   * Blocks made by `createBlocks`, to be served beside what is scraped. A long history comes in parts, one after the other
   * in time: promtool reads a whole text once for each two hours of it.
   */
  readonly openMetrics?: string | readonly string[];
  /** Default: a free one. */
  readonly port?: number;
}

/** A real Prometheus of package `prometheus`. It keeps what it has for ten years, so that old blocks are not thrown away. */
export async function startPrometheus({ config, files = {}, openMetrics, port }: PrometheusOptions): Promise<DebianServer> {
  const folder = newFolder('prometheus', { 'prometheus.yml': config, ...files });
  const data = join(folder, 'data');
  mkdirSync(data);
  for (const part of [openMetrics ?? []].flat()) createBlocks(part, data);
  const address = `127.0.0.1:${port ?? (await freePort())}`;
  return start('prometheus', address, folder, [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${data}`,
    '--storage.tsdb.retention.time=10y',
    `--web.listen-address=${address}`,
    '--web.enable-lifecycle',
  ]);
}

export interface AlertmanagerOptions {
  /** alertmanager.yml */
  readonly config: string;
  readonly port?: number;
}

/** A real Alertmanager of package `prometheus-alertmanager`, alone: it looks for no peers. */
export async function startAlertmanager({ config, port }: AlertmanagerOptions): Promise<DebianServer> {
  const folder = newFolder('alertmanager', { 'alertmanager.yml': config });
  const address = `127.0.0.1:${port ?? (await freePort())}`;
  return start('prometheus-alertmanager', address, folder, [
    `--config.file=${join(folder, 'alertmanager.yml')}`,
    `--storage.path=${join(folder, 'data')}`,
    `--web.listen-address=${address}`,
    '--cluster.listen-address=',
  ]);
}

/**
 * Makes blocks of a Prometheus out of OpenMetrics text with time stamps in seconds and `# EOF` as its last line, by
 * `promtool tsdb create-blocks-from openmetrics`. Throws with what promtool says.
 */
export function createBlocks(openMetrics: string, intoFolder: string): void {
  const folder = newFolder('openmetrics', { 'metrics.txt': openMetrics });
  try {
    const args = ['tsdb', 'create-blocks-from', 'openmetrics', join(folder, 'metrics.txt'), intoFolder];
    execFileSync('promtool', args, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function newFolder(name: string, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), `hale-${name}-`));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
  return folder;
}

async function start(program: string, address: string, folder: string, args: readonly string[]): Promise<DebianServer> {
  const log = join(folder, 'log');
  const out = openSync(log, 'a');
  const child = spawn(program, [...args], { stdio: ['ignore', out, out] });
  const url = `http://${address}`;
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
    child.once('error', (error) => resolve(error.message));
  });
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const killed = new AbortController();
    void wait(5_000, undefined, { signal: killed.signal }).then(
      () => child.kill('SIGKILL'),
      () => undefined,
    );
    await ended;
    killed.abort();
    rmSync(folder, { recursive: true, force: true });
  };
  const why = await Promise.race([ended, isReady(url)]);
  if (why !== 'ready') throw new Error(`${program} did not start (${why}): ${readFileSync(log, 'utf8').slice(-2_000)}`);
  return {
    url,
    pid: child.pid ?? 0,
    folder,
    write: (file, text) => writeFileSync(join(folder, file), text),
    reload: async () => {
      const answer = await fetch(`${url}/-/reload`, { method: 'POST' });
      if (!answer.ok) throw new Error(`${program} refuses its configuration: ${await answer.text()}`);
    },
    stop,
  };
}

async function isReady(url: string): Promise<string> {
  for (let tries = 0; tries < 300; tries++) {
    const answer = await fetch(`${url}/-/ready`).catch(() => undefined);
    await answer?.text();
    if (answer?.ok) return 'ready';
    await wait(50);
  }
  return 'it was not ready within 15 s';
}
