import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readdirSync, readFileSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { postgresLine, type HeldAnswer, type PostgresLine } from './line.js';

/** Where hale's servers are, and what they are told of themselves. */
export interface Home {
  readonly state: string;
  readonly temporal: { readonly address: string; readonly namespace: string };
  readonly database: string;
}

const startMs = 60_000;
const stepsMax = 500;

/** A worker of hale that acts, started as docs/operating.md says, with a line to PostgreSQL of its own. */
export class ActWorker {
  private constructor(
    private readonly child: ChildProcess,
    readonly line: PostgresLine,
  ) {}

  static async start(privilege: string, { state, temporal, database }: Home): Promise<ActWorker> {
    const url = new URL(database);
    const line = await postgresLine(url.hostname, Number(url.port));
    url.hostname = '127.0.0.1';
    url.port = String(line.port);
    const logFile = join(state, 'logs', `act-${privilege}-${line.port}.log`);
    const log = openSync(logFile, 'a');
    const env = {
      ...process.env,
      HALE_DATABASE_URL: url.href,
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: temporal.namespace,
      HALE_STATE: state,
    };
    const child = spawn(process.execPath, [join(process.cwd(), 'dist/workers/worker.js'), 'act', privilege], {
      stdio: ['ignore', log, log],
      env,
    });
    const worker = new ActWorker(child, line);
    const said = (): string => readFileSync(logFile, 'utf8');
    for (const giveUpAt = Date.now() + startMs; !said().includes('RUNNING'); await wait(50)) {
      if (child.exitCode === null && Date.now() < giveUpAt) continue;
      await worker.end();
      throw new Error(`the worker did not start: ${said()}`);
    }
    return worker;
  }

  /**
   * Freezes it with these answers in hand and none of them acted upon. It is stopped, is given all of them, and runs in the
   * smallest steps until it has read the first: by then it has been told of the others. Handed to it while it stands still for
   * long, they would be too late: it gives up a question after 10 s before it looks for the answer.
   */
  freezeWith(answers: readonly HeldAnswer[]): void {
    this.#stop();
    hurry([process.pid, ...threadsOf(this.#pid)], () => this.#stepInto(answers));
  }

  #stepInto(answers: readonly HeldAnswer[]): void {
    for (const { release } of answers) release();
    const [first] = answers;
    for (let step = 0; step < stepsMax && first !== undefined && isUnread(first.clientPort, this.line.port); step += 1) {
      const until = process.hrtime.bigint() + BigInt(20_000 + step * 2_000);
      process.kill(this.#pid, 'SIGCONT');
      while (process.hrtime.bigint() < until);
      this.#stop();
    }
  }

  thaw(): void {
    process.kill(this.#pid, 'SIGCONT');
  }

  async end(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const gone = once(this.child, 'exit');
      this.child.kill('SIGCONT');
      this.child.kill('SIGTERM');
      await Promise.race([gone, wait(20_000).then(() => this.child.kill('SIGKILL'))]);
    }
    await this.line.close();
  }

  get #pid(): number {
    if (this.child.pid === undefined || this.child.exitCode !== null || this.child.signalCode !== null)
      throw new Error('the worker has ended');
    return this.child.pid;
  }

  /** The kernel answers before the process stands still. */
  #stop(): void {
    process.kill(this.#pid, 'SIGSTOP');
    while (!/\) T /.test(readFileSync(`/proc/${this.#pid}/stat`, 'utf8')));
  }
}

/** Any of them may be the one that takes the signal by which all stop: while it waits for its turn, the others run on. */
const threadsOf = (pid: number): number[] => readdirSync(`/proc/${pid}/task`).map(Number);

/** On a busy machine a step would last as long as others' turns. Where it is not allowed, more trials show nothing. */
function hurry(threads: readonly number[], work: () => void): void {
  const own = getPriority(process.pid);
  try {
    for (const thread of threads) setPriority(thread, constants.priority.PRIORITY_HIGHEST);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_SYSTEM_ERROR')) throw error;
  }
  try {
    work();
  } finally {
    setPriority(process.pid, own); // Whatever this process starts from now on has it too.
  }
}

/** Whether bytes wait in the socket of this end of a connection on loopback. */
function isUnread(from: number, to: number): boolean {
  const end = (port: number): string => `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const fields = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .find(([, local, remote]) => local === end(from) && remote === end(to));
  return fields?.[4]?.endsWith(':00000000') === false;
}
