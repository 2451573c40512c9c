import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FromTarget, Told, ToTarget } from './target/words.js';

/** The running target as the harness sees it: by what the target tells, never by what hale says. */
export class Target {
  /** Calls that have reached the target and are not done, by action id. */
  readonly onWire = new Map<string, Told>();
  readonly done = new Set<string>();
  readonly broken = new Set<string>();
  /** ms since the epoch of what happened to each service last. */
  readonly lastAt = new Map<string, number>();
  breaks = 0;

  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
    readonly ledgerFile: string,
  ) {
    child.on('message', (message: FromTarget) => 'told' in message && this.#hear(message.told));
  }

  /**
   * @param folder for files that hale may correct; the ledger is in a folder that hale is never told of
   */
  static async start(folder: string, services: readonly string[], seed: number): Promise<Target> {
    const files = join(folder, 'files');
    mkdirSync(files, { recursive: true });
    for (const service of services) writeFileSync(join(files, `${service}.conf`), `${service} as it should be\n`);
    const ledgerFile = join(mkdtempSync(join(tmpdir(), 'fire-ledger-')), 'ledger.ndjson');
    const child = fork(fileURLToPath(new URL('target/server.js', import.meta.url)), [ledgerFile, files, String(seed)]);
    const [first] = (await once(child, 'message')) as [FromTarget];
    if (!('port' in first)) throw new Error('the target did not say its port first');
    return new Target(child, first.port, ledgerFile);
  }

  break(service: string, mendedBy: string): void {
    this.broken.add(service);
    this.lastAt.set(service, Date.now());
    this.breaks += 1;
    this.child.send({ break: service, mendedBy } satisfies ToTarget);
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.disconnect();
    await gone;
  }

  #hear(told: Told): void {
    this.lastAt.set(told.service, told.at);
    if (told.event === 'began') this.onWire.set(told.key, told);
    if (told.event === 'done') this.onWire.delete(told.key);
    if (told.event === 'done') this.done.add(told.key);
    if (told.event === 'mended') this.broken.delete(told.service);
  }
}
