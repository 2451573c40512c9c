// Row 44: what commands of corrections do that are not well behaved, as real processes.
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Call } from '../../activities/ports.js';
import { execProvider } from '../../adapters/exec/provider.js';
import type { Action } from '../../domain/service.js';
import { freshFolder } from '../support/knob.js';
import { row, type Guard } from './table.js';

type Exec = Extract<Action, { kind: 'exec' }>;

const command = 'adapters/exec/command.ts';
const exitCode: Guard = ['adapters/exec/provider.ts', 'if (end.code !== 0) throw new ActionFailed'];
const timeLimit: Guard = [command, 'const limit = setTimeout('];
const group: Guard = [command, 'signalGroup(leader, name);'];
const left: Guard = [command, 'for (const one of beneath) signalIfStillThere(one, name);'];
const cap: Guard = [command, 'if (room > 0) kept.push('];
const closed: Guard = [command, "stdio: ['ignore', 'pipe', 'pipe']"];

interface Script {
  /** In a shell, with $PIDS as a folder in which its processes leave their ids. */
  readonly text: string;
  readonly timeoutMs?: number;
}

/** Runs it as the action of a correction; tells how that ended, how much hale kept of it, and which of its processes live on. */
const acting = async (): Promise<(script: Script) => Promise<string>> => {
  let number = 0;
  const folder = await freshFolder();
  return async ({ text, timeoutMs = 20_000 }) => {
    number += 1;
    const pids = join(folder, String(number));
    await mkdir(pids);
    const action: Exec = { kind: 'exec', argv: ['/bin/sh', '-c', `PIDS=${pids}; export PIDS; ${text}`] };
    const before = { identity: 'opaque', summary: '', content: {} };
    const names = { service: 'shop', actionId: `row-44/${number}`, fence: '7' };
    const call: Call<Exec> = { ...names, action, timeoutMs, before, abort: new AbortController().signal, permit: async () => undefined };
    const memory = process.memoryUsage.rss();
    const said = await execProvider()
      .apply(call)
      .then(
        ({ summary }) => `done: ${summary}`,
        (error: Error) => `${error.name}: ${error.message}`,
      );
    const grown = process.memoryUsage.rss() - memory < 200_000_000 ? 'memory stays' : 'memory grows';
    const alive = async () => (await livingIn(pids)).join(',');
    if (/was killed/.test(said)) await expect.poll(alive, { timeout: 5_000 }).toBe((await daemonOf(pids)) ?? '');
    return `${said.length < 500 ? 'short' : 'long'}, ${grown}, alive: ${await alive()}; ${said}`;
  };
};

const names = ['child', 'detached', 'daemon'];

async function livingIn(folder: string): Promise<string[]> {
  const all = await Promise.all(names.map(async (name) => ((await isAlive(join(folder, name))) ? [name] : [])));
  return all.flat();
}

const daemonOf = async (folder: string): Promise<string | undefined> => ((await isAlive(join(folder, 'daemon'))) ? 'daemon' : undefined);

async function isAlive(file: string): Promise<boolean> {
  const pid = Number(await readFile(file, 'utf8').catch(() => '0'));
  if (pid === 0) return false;
  const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return state !== '' && !/\) Z /.test(state);
}

/** A process that does not go when it is asked to. */
const stays = (name: string): string => `sh -c 'trap "" TERM; echo $$ > $PIDS/${name}; while :; do sleep 1; done'`;

row(44, 'program', 'its exit code decides, its whole family ends with its time, and nothing of it is awaited or kept without end', acting, [
  [{ text: 'echo "ERROR: it broke" >&2; exit 0' }, /^short, memory stays, alive: ; done: /, exitCode],
  [{ text: 'exit 137' }, /ActionFailed: \/bin\/sh exited with 137/, exitCode],
  [{ text: 'kill -KILL $$' }, /Error: \/bin\/sh was killed: it was ended by SIGKILL/, [command, '`it was ended by ${signal}`']],
  [{ text: stays('child'), timeoutMs: 400 }, /alive: ; Error: \/bin\/sh was killed: it did not end within 400 ms/, timeLimit],
  [{ text: `${stays('child')} & wait`, timeoutMs: 400 }, /alive: ; Error: .*did not end within 400 ms/, group],
  [{ text: `setsid ${stays('detached')} & wait`, timeoutMs: 400 }, /alive: ; Error: .*did not end within 400 ms/, left],
  [
    { text: `(setsid sleep 20 & echo $! > $PIDS/daemon); exit 0` },
    /alive: daemon; done: /,
    [command, 'const patience = setTimeout(() => setImmediate(end), lastOutputMs);'],
  ],
  [
    { text: 'head -c 1073741824 /dev/zero | tr "\\0" x; exit 3' },
    /^short, memory stays, alive: ; ActionFailed: \/bin\/sh exited with 3; it printed: x+$/,
    cap,
  ],
  [{ text: 'read answer && echo "got $answer"; test -t 0 || echo no terminal; exit 4' }, /exited with 4; it printed: no terminal/, closed],
  [
    { text: 'echo y > /dev/tty; exit 5' },
    /exited with 5; it printed: .*No such device or address/,
    [command, 'shell: false, detached: true'],
  ],
]);
