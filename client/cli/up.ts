import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { entryPath } from './entry.js';
import type { FailureCode } from '../../contracts/cli.js';
import { exitCodes, Failure } from './exit-codes.js';
import type { Report } from './report.js';

const READY_MS = 120_000;
const READY = /^hale is up/m;

/** up --detach: starts hale in the background and returns when it is up. */
export async function upDetached(args: readonly string[], state: string): Promise<Report> {
  const logs = join(resolve(state), 'logs');
  mkdirSync(logs, { recursive: true });
  const log = join(logs, 'up.log');
  const file = openSync(log, 'w', 0o600);
  const child = spawn(process.execPath, [entryPath('workers/main.js'), ...args], { stdio: ['ignore', file, file], detached: true });
  closeSync(file);
  const ended = new Promise<number | null>((done) => child.once('exit', done));
  const announced = await Promise.race([ended, announcement(log)]);
  child.unref();
  if (typeof announced === 'string')
    return { data: { pid: child.pid, log }, text: `${announced}\n  log           ${log}\n  end it        kill ${child.pid}` };
  const said = (await readFile(log, 'utf8')).trim();
  if (announced === undefined) throw new Failure('timeout', `hale was not up within ${READY_MS / 1000} s; it goes on trying: ${log}`);
  throw new Failure(failureOf(announced), `hale ended while it started:\n${said}`, `the whole log: ${log}`);
}

const failureOf = (exit: number | null): FailureCode =>
  exit === exitCodes.usage ? 'usage' : exit === exitCodes.refused ? 'refused' : 'unreachable';

/** What hale prints when it is up; undefined when that takes too long. */
async function announcement(log: string): Promise<string | undefined> {
  const deadline = Date.now() + READY_MS;
  while (Date.now() < deadline) {
    const said = await readFile(log, 'utf8');
    const at = said.search(READY);
    if (at >= 0) return said.slice(at).trim();
    await wait(100, undefined, { ref: false }); // The child alone is waited for: once it has ended, nothing is.
  }
  return undefined;
}
