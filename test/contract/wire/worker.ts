import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Call } from '../../../activities/ports.js';
import type { Image } from '../../../domain/effect.js';
import type { ProviderModule } from './bench.js';

/** What a worker does that takes up one call; it is killed before it can say how that went. */
const program = `
let goOn;
process.on('message', async (message) => {
  if (message === 'go') return goOn();
  const { file, name, call, after } = message;
  const provider = (await import(file))[name]();
  const permit = () => new Promise((resolve) => { goOn = resolve; process.send('asks'); });
  try {
    const permitted = { ...call, permit, abort: new AbortController().signal };
    await (after === undefined ? provider.apply(permitted) : provider.undo(permitted, after));
    process.send('done');
  } catch (error) {
    process.send(String(error));
  }
});
`;

/** A worker process with one provider, as a real one is: it has its own connections, and dies with them. */
export class Worker {
  readonly #child: ChildProcess;
  readonly #folder: string;
  /** What it said: that it asks for permission, that it was done, or why not. */
  readonly said: string[] = [];

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    child.on('message', (message) => void this.said.push(message as string));
  }

  static async start(): Promise<Worker> {
    const folder = await mkdtemp(join(tmpdir(), 'hale-wire-'));
    const file = join(folder, 'worker.mjs');
    await writeFile(file, program);
    return new Worker(fork(file, { stdio: 'ignore', execArgv: [] }), folder);
  }

  /** Begins the call, or its undo from `after`, and ends when it has asked for permission and got it; `last` comes right before that. */
  async begin(
    { file, name }: ProviderModule,
    { abort: _abort, permit: _permit, ...call }: Call,
    last: () => void = () => undefined,
    after?: Image,
  ): Promise<void> {
    const asks = once(this.#child, 'message');
    this.#child.send({ file: pathToFileURL(file).href, name, call, after });
    const [said] = (await asks) as [string];
    if (said !== 'asks') throw new Error(`the worker did not come to act: ${said}`);
    last();
    this.#child.send('go');
  }

  async kill(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGKILL');
      await ended;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}
