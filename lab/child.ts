import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A process of the lab that has said it is ready. */
export interface Child {
  readonly pid: number;
  /** Ends it: SIGTERM, and SIGKILL when it has not gone after 5 s. */
  end(): Promise<void>;
}

/**
 * Starts an entry of the lab (a path relative to this folder) and waits until it says that it is ready. Its output goes to
 * `log`. Throws when it ends before that.
 */
export async function startChild(entry: string, args: readonly string[], log: string): Promise<Child> {
  const output = openSync(log, 'a');
  const child = fork(fileURLToPath(new URL(entry, import.meta.url)), args, { stdio: ['ignore', output, output, 'ipc'] });
  await Promise.race([once(child, 'message'), once(child, 'exit').then(() => failedToStart(entry, log))]);
  if (child.pid === undefined) return failedToStart(entry, log);
  return { pid: child.pid, end: () => endChild(child) };
}

function failedToStart(entry: string, log: string): never {
  throw new Error(`lab process ${entry} ended before it was ready; its output is in ${log}`);
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const patience = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await gone;
  clearTimeout(patience);
}

/**
 * The child's side: says "ready", and runs `stop` once when it is told to end or when the process that started it is gone, so
 * that a killed lab leaves nothing behind.
 */
export function readyUntilTold(stop: () => Promise<void>): void {
  let stopping = false;
  const end = (): void => {
    if (stopping) return;
    stopping = true;
    void stop().finally(() => process.exit(0));
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', () => undefined); // Ctrl-C reaches the whole group; the parent decides the order.
  process.on('disconnect', end);
  process.send?.('ready');
}
