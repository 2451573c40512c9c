import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Call } from '../../activities/ports.js';
import { endGroup } from './command.js';

const lookAgainMs = 50;
/** For a process group to be gone that was ended. */
const endingMs = 1_000;

/** A process with the command's arguments. `isKnown`: by the action id in its environment; else that can't be read. */
interface Leftover {
  readonly pid: number;
  readonly isKnown: boolean;
}

/**
 * A command outlives a worker that is killed, and acts when nobody expects it any more. Whoever takes up its call waits for
 * it on this machine (as far as Linux lets hale see the process), and ends it when its time is up, as its worker would have.
 */
export async function awaitLeftover(argv: readonly string[], call: Call): Promise<string | undefined> {
  if ((await leftAfter(call.timeoutMs, argv, call)).length === 0) return undefined;
  for (const { pid, isKnown } of await processesOf(argv, call)) if (isKnown) endGroup(pid);
  const [one] = await leftAfter(endingMs, argv, call);
  return one && `${argv[0]} still runs as process ${one.pid}, which hale can't end`;
}

async function leftAfter(limitMs: number, argv: readonly string[], call: Call): Promise<readonly Leftover[]> {
  const until = Date.now() + limitMs;
  for (;;) {
    const left = await processesOf(argv, call);
    if (left.length === 0 || Date.now() >= until) return left;
    call.abort.throwIfAborted();
    await sleep(lookAgainMs);
  }
}

/** By the action id in its environment, which daemons inherit, and by its arguments, which they don't. */
async function processesOf(argv: readonly string[], { actionId }: Call): Promise<Leftover[]> {
  const names = await readdir('/proc').catch(() => []);
  const all = await Promise.all(names.filter((name) => /^\d+$/.test(name)).map((pid) => leftover(pid, argv, actionId)));
  return all.flatMap((one) => one ?? []);
}

async function leftover(pid: string, argv: readonly string[], actionId: string): Promise<Leftover | undefined> {
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(({ code }: NodeJS.ErrnoException) => code);
  // That of another account (sudo) hale may not read. One that is gone is no leftover.
  const isHidden = environment === 'EACCES' || environment === 'EPERM';
  if (!isHidden && !environment?.split('\0').includes(`HALE_ACTION_ID=${actionId}`)) return undefined;
  const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return isLineOf(argv, line) ? { pid: Number(pid), isKnown: !isHidden } : undefined;
}

/** An interpreter or the folder of the program may stand before it. */
function isLineOf(argv: readonly string[], line: string): boolean {
  const told = `${argv.join('\0')}\0`;
  return line.endsWith(told) && /^$|[\0/]$/.test(line.slice(0, -told.length));
}
