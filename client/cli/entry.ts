import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { exitCodes } from './exit-codes.js';

/** Path of a built program of hale; the client starts them as processes and never imports them. */
export const entryPath = (entry: string): string => fileURLToPath(new URL(`../../${entry}`, import.meta.url));

/**
 * Runs a program of hale in the foreground and answers its exit code. It gets a process group of its own, so that a
 * Ctrl-C reaches it once, from here, and not a second time from the terminal: two would mean "at once".
 */
export function runEntry(entry: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<number> {
  const child = spawn(process.execPath, [entryPath(entry), ...args], { stdio: 'inherit', env, detached: true });
  // A terminal that closes ends what runs in it; without one, SIGHUP asks for a reload.
  const forwarded: Readonly<Record<string, NodeJS.Signals>> = {
    SIGINT: 'SIGINT',
    SIGTERM: 'SIGTERM',
    SIGHUP: process.stdin.isTTY ? 'SIGTERM' : 'SIGHUP',
  };
  for (const [received, sent] of Object.entries(forwarded)) process.on(received, () => child.kill(sent));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? exitCodes.interrupted));
  });
}
