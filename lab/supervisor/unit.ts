import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, writeFileSync } from 'node:fs';

/** What a unit runs and where it leaves its traces. */
export interface UnitFiles {
  readonly argv: readonly string[];
  readonly pidFile: string;
  readonly log: string;
}

const patienceMs = 1_000;
const reviveAfterMs = 200;

/** One supervised process. */
export class Unit {
  readonly #files: UnitFiles;
  readonly #revived: (pid: number) => void;
  #process: ChildProcess | undefined;
  #revive: NodeJS.Timeout | undefined;
  /** Whether a process that ends by itself is started again. */
  revives = false;

  constructor(files: UnitFiles, revived: (pid: number) => void) {
    this.#files = files;
    this.#revived = revived;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Starts the process unless it runs; returns as soon as it exists, not when it serves. */
  async start(): Promise<void> {
    clearTimeout(this.#revive);
    if (this.#process !== undefined) return;
    const [program = '', ...args] = this.#files.argv;
    const output = openSync(this.#files.log, 'a');
    const child = spawn(program, args, { stdio: ['ignore', output, output] });
    this.#process = child;
    child.on('exit', () => this.#ended(child));
    await once(child, 'spawn');
    writeFileSync(this.#files.pidFile, `${child.pid}\n`);
  }

  /** Ends the process: SIGTERM, then SIGKILL after a second, which also works on a stopped process. */
  async stop(): Promise<void> {
    clearTimeout(this.#revive);
    const child = this.#process;
    if (child === undefined) return;
    const gone = once(child, 'exit');
    this.#process = undefined;
    child.kill('SIGTERM');
    const kill = setTimeout(() => child.kill('SIGKILL'), patienceMs);
    await gone;
    clearTimeout(kill);
  }

  #ended(child: ChildProcess): void {
    if (this.#process !== child) return; // It was stopped on purpose.
    this.#process = undefined;
    if (!this.revives) return;
    this.#revive = setTimeout(() => void this.start().then(() => this.#revived(this.pid ?? 0)), reviveAfterMs);
  }
}
