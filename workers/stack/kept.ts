import { setTimeout as delay } from 'node:timers/promises';
import { CannotStart } from './cannot-start.js';
import { end, identify, isRunning, signal } from './process-identity.js';
import type { RunFile } from './run-file.js';
import { adopt, logTail, type Running } from './spawn.js';

/** One process of the tree: how it is started, known to be ready, and ended. */
export interface Part {
  readonly role: string;
  readonly logFile: string;
  launch(): Promise<Running>;
  /** Whether it does its work; asked again and again while it starts. */
  isReady(): Promise<boolean>;
  /** Whether one left by a killed hale is kept when it is ready; else it is replaced. */
  readonly adoptable: boolean;
  readonly endWith: NodeJS.Signals;
  readonly graceMs: number;
}

/** Says what happens, one line each. */
export type Report = (line: string) => void;

/** Who lived this long was not failing at its start. */
const settledMs = 3_000;
const waitMsMax = 5_000;
const lookMs = 50;
const firstTries = 5;

/** Keeps one part running: adopts it or starts it, and starts it again whenever it ends, until `stop`. */
export class Kept {
  private running: Running | undefined;
  private readonly stopping = new AbortController();
  private loop: Promise<void> = Promise.resolve();

  constructor(
    readonly part: Part,
    private readonly runFile: RunFile,
    private readonly report: Report,
  ) {}

  /** Resolves when the part is ready for the first time. Throws CannotStart when it ended at each of five tries. */
  async start(): Promise<this> {
    this.running = (await this.adopted()) ?? (await this.firstStart());
    this.loop = this.startAgainWheneverItEnds();
    return this;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.endRunning();
    await this.loop;
    // It may just have been started again when the stop came.
    await this.endRunning();
    this.runFile.removeProcess(this.part.role);
  }

  /** Without asking; for the second Ctrl-C. */
  kill(): void {
    this.stopping.abort();
    if (this.running) signal(this.running.identity, 'SIGKILL');
  }

  private async adopted(): Promise<Running | undefined> {
    const { part } = this;
    const left = this.runFile.processOf(part.role);
    if (left === undefined || !isRunning(left)) return undefined;
    if (part.adoptable && (await part.isReady())) {
      this.report(`${part.role}: adopted process ${left.pid} of an earlier run`);
      return adopt(left);
    }
    this.report(`${part.role}: ending process ${left.pid} of an earlier run`);
    await end(left, part.endWith, part.graceMs);
    return undefined;
  }

  /** An old server's last children may hold its memory and port for a moment, so one failure says little. */
  private async firstStart(): Promise<Running> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.launch();
      } catch (error) {
        if (tries === firstTries) throw error;
        await this.wait(tries);
        this.stopping.signal.throwIfAborted();
      }
    }
  }

  private async launch(): Promise<Running> {
    const { part } = this;
    const running = await part.launch();
    this.running = running;
    this.runFile.setProcess(part.role, running.identity);
    const how = await this.endBeforeReady(running);
    if (how !== undefined) throw new CannotStart(`${part.role} ended while it was starting (${how}). ${logTail(part.logFile)}`);
    // A wrapper script has by now become the program itself, under the same pid.
    this.runFile.setProcess(part.role, identify(running.identity.pid) ?? running.identity);
    return running;
  }

  /** undefined once it is ready, else how it ended before that. */
  private async endBeforeReady(running: Running): Promise<string | undefined> {
    let how: string | undefined;
    void running.ended.then((end) => (how = end));
    while (how === undefined && !(await this.part.isReady())) await delay(lookMs);
    return how;
  }

  private async startAgainWheneverItEnds(): Promise<void> {
    let quickEnds = 0;
    while (this.running !== undefined && !this.stopping.signal.aborted) {
      const since = Date.now();
      const how = await this.running.ended;
      if (this.stopping.signal.aborted) return;
      quickEnds = Date.now() - since >= settledMs ? 1 : quickEnds + 1;
      this.report(`${this.part.role} ended (${how}); starting it again`);
      await this.wait(quickEnds);
      if (await this.tryLaunch()) this.report(`${this.part.role} is back`);
    }
  }

  /** False when it could not be started: then it has ended, and the loop comes round again. */
  private async tryLaunch(): Promise<boolean> {
    if (this.stopping.signal.aborted) return false;
    try {
      this.running = await this.launch();
      return true;
    } catch (error) {
      if (!this.stopping.signal.aborted) this.report((error as Error).message);
      return false;
    }
  }

  private async endRunning(): Promise<void> {
    if (this.running) await end(this.running.identity, this.part.endWith, this.part.graceMs);
  }

  /** Grows with each end that follows quickly on a start, so that a broken part does not eat the machine. */
  private async wait(times: number): Promise<void> {
    const ms = Math.min(waitMsMax, 100 * 2 ** (times - 1));
    await delay(ms, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }
}
