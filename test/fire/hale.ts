import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const bin = join(process.cwd(), 'bin', 'hale.mjs');
const run = promisify(execFile);

export interface Ask {
  readonly proposal: string;
}

export interface Status {
  readonly database: { readonly url: string };
  readonly processes: readonly { readonly role: string; readonly pid: number }[];
  readonly services: readonly { readonly name: string; readonly state: string }[];
  readonly incidents: readonly { readonly id: string; readonly service: string; readonly ask: Ask | null }[];
}

/** hale, started and looked after as a service manager would: it is started again whenever it ends. */
export class Hale {
  #child: ChildProcess;
  #ending = false;
  starts = 0;

  constructor(
    private readonly config: string,
    readonly state: string,
  ) {
    this.#child = this.#start();
  }

  /** What the command prints with --json; throws when it fails. */
  async ask(...command: readonly string[]): Promise<unknown> {
    const args = [bin, ...command, '--json', '--state', this.state];
    const { stdout } = await run(process.execPath, args, { maxBuffer: 256 * 1024 * 1024, timeout: 60_000 });
    return (JSON.parse(stdout) as { data: unknown }).data;
  }

  status = async (): Promise<Status> => (await this.ask('status')) as Status;

  async end(): Promise<void> {
    this.#ending = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await gone;
  }

  #start(): ChildProcess {
    const log = openSync(join(this.state, 'hale.log'), 'a');
    const child = spawn(process.execPath, [bin, 'up', '--config', this.config, '--state', this.state, '--workers', '2'], {
      stdio: ['ignore', log, log],
    });
    this.starts += 1;
    child.once('exit', () => {
      if (!this.#ending) this.#child = this.#start();
    });
    return child;
  }
}
