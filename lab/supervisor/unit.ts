import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { openSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a unit runs, a Node program, and where it leaves its traces. */
export interface UnitFiles {
  /** Read again at every start, so that it may be a symlink to a release. */
  readonly script: string;
  readonly args: readonly string[];
  readonly nodeOptions: readonly string[];
  readonly pidFile: string;
  readonly log: string;
}

const patienceMs = 1_000;
const reviveAfterMs = 200;

/**
 * One supervised process. It is a worker of `node:cluster`, so that an old and a new process can share their port for the time
 * of a deploy; while there is none, connections are refused.
 */
export class Unit {
  readonly #pidFile: string;
  readonly #revived: (pid: number) => void;
  #process: Worker | undefined;
  #revive: NodeJS.Timeout | undefined;
  /** Whether a process that ends by itself is started again. */
  revives = false;

  constructor(files: UnitFiles, revived: (pid: number) => void) {
    const output = openSync(files.log, 'a');
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    cluster.setupPrimary({
      exec: files.script,
      args: [...files.args],
      execArgv: [...files.nodeOptions],
      stdio: ['ignore', output, output, 'ipc'],
    });
    this.#pidFile = files.pidFile;
    this.#revived = revived;
  }

  get pid(): number | undefined {
    return this.#process?.process.pid;
  }

  /** Starts the process unless it runs; returns as soon as it exists, not when it serves. */
  async start(): Promise<void> {
    clearTimeout(this.#revive);
    if (this.#process === undefined) await this.#launch();
  }

  /** Ends the process: SIGTERM, then SIGKILL after a second, which also works on a stopped process. */
  async stop(): Promise<void> {
    clearTimeout(this.#revive);
    const worker = this.#process;
    this.#process = undefined;
    if (worker !== undefined) await end(worker);
  }

  /** A deploy without a gap: the old process goes when the new one serves, or has ended trying. */
  async replace(): Promise<void> {
    clearTimeout(this.#revive);
    const old = this.#process;
    const next = await this.#launch();
    await Promise.race([once(next, 'listening'), once(next, 'exit')]);
    if (old === undefined) return;
    old.disconnect(); // Answers what it has begun; for how long is bounded.
    await Promise.race([once(old, 'disconnect'), sleep(patienceMs)]);
    await end(old);
  }

  async #launch(): Promise<Worker> {
    const worker = cluster.fork();
    this.#process = worker;
    worker.on('exit', () => this.#ended(worker));
    await once(worker, 'online');
    writeFileSync(this.#pidFile, `${worker.process.pid}\n`);
    return worker;
  }

  #ended(worker: Worker): void {
    if (this.#process !== worker) return; // It was stopped on purpose.
    this.#process = undefined;
    if (!this.revives) return;
    this.#revive = setTimeout(() => void this.start().then(() => this.#revived(this.pid ?? 0)), reviveAfterMs);
  }
}

async function end(worker: Worker): Promise<void> {
  if (worker.isDead()) return;
  const gone = once(worker, 'exit');
  worker.process.kill('SIGTERM');
  const kill = setTimeout(() => worker.process.kill('SIGKILL'), patienceMs);
  await gone;
  clearTimeout(kill);
}
