import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Call } from '../../activities/ports.js';
import { endGroup } from './command.js';

const lookAgainMs = 50;
/** For a process group to be gone that was ended. */
const endingMs = 1_000;

/**
 * A command outlives a worker that is killed, and acts when nobody expects it any more. Whoever takes up its call waits for
 * it on this machine (as far as Linux lets hale see the process), and ends it when its time is up, as its worker would have.
 */
export async function awaitLeftover(argv: readonly string[], call: Call): Promise<void> {
  if (await goneWithin(call.timeoutMs, argv, call)) return;
  for (const pid of await processesOf(argv, call)) endGroup(pid);
  await goneWithin(endingMs, argv, call);
}

async function goneWithin(limitMs: number, argv: readonly string[], call: Call): Promise<boolean> {
  const until = Date.now() + limitMs;
  while ((await processesOf(argv, call)).length > 0) {
    call.abort.throwIfAborted();
    if (Date.now() >= until) return false;
    await sleep(lookAgainMs);
  }
  return true;
}

/** By the action id in its environment, which daemons inherit, and by its arguments, which they don't. */
async function processesOf(argv: readonly string[], { actionId }: Call): Promise<number[]> {
  const names = await readdir('/proc').catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name));
  const ours = await Promise.all(pids.map((pid) => isOurs(pid, argv, actionId)));
  return pids.filter((_, index) => ours[index]).map(Number);
}

async function isOurs(pid: string, argv: readonly string[], actionId: string): Promise<boolean> {
  // A process that is gone or not ours to see is no leftover of ours.
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
  if (!environment.split('\0').includes(`HALE_ACTION_ID=${actionId}`)) return false;
  const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return line.endsWith(`${argv.join('\0')}\0`);
}
