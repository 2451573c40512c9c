import { Kept, type Part, type Report } from './kept.js';
import type { RunFile } from './run-file.js';

/** The processes of one hale, in groups: a group is started after those it stands on, and ended before them. */
export class Tree {
  private readonly groups: Kept[][] = [];
  private stopped = false;

  constructor(
    private readonly runFile: RunFile,
    private readonly report: Report,
  ) {}

  get isStopping(): boolean {
    return this.stopped;
  }

  /** Starts these together; resolves when all are ready. Throws CannotStart when one can't be started. */
  async start(...parts: readonly Part[]): Promise<void> {
    if (this.stopped) return;
    const group = parts.map((part) => new Kept(part, this.runFile, this.report));
    this.groups.push(group);
    await Promise.all(group.map((kept) => kept.start()));
  }

  /** Ends everything, last group first, each asked to finish what it has in hand. */
  async stop(): Promise<void> {
    this.stopped = true;
    for (const group of this.groups.toReversed()) await Promise.all(group.map((kept) => kept.stop()));
  }

  /** Ends everything at once, without asking. */
  kill(): void {
    this.stopped = true;
    for (const kept of this.groups.flat()) kept.kill();
  }
}
