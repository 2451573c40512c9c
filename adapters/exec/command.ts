import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Readable } from 'node:stream';
import { descendantsOf, signalIfStillThere } from './descendants.js';

/** One program with its arguments. The environment is exactly `env`. */
export interface Command {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly abort: AbortSignal;
}

/** `output`: what it printed on both streams, `stdout` on the first alone; without control characters, at most 64 KB. */
export type Ended =
  | { readonly kind: 'exited'; readonly code: number; readonly output: string; readonly stdout: string }
  | { readonly kind: 'killed'; readonly why: string; readonly output: string }
  | { readonly kind: 'notStarted'; readonly why: string };

const outputBytesMax = 64 * 1024;
/** Between the polite end of a process group and the sure one. */
const graceMs = 500;
/** After the sure end of a process group; who is there still is not hale's to end (sudo), or hangs in the kernel. */
const goneMs = 2_000;
/** For what a program printed last to come through the pipe; a daemon it left behind may hold that open for ever. */
const lastOutputMs = 50;

/**
 * Runs one program without a shell, in a process group of its own that ends with its time limit or `abort`. Only its own
 * exit counts: a daemon that it leaves behind lives on and may keep the output open. One that can't be ended is not waited for.
 */
export async function runCommand({ argv, env, timeoutMs, abort }: Command): Promise<Ended> {
  const program = locateProgram(argv[0]);
  if (program === undefined) return { kind: 'notStarted', why: noProgram(argv[0]) };
  const rest = argv.slice(1);
  const told = [...rest, ...Object.values(env)];
  if (told.some((text) => text.includes('\0'))) return { kind: 'notStarted', why: 'an argument or a variable contains a NUL character' };
  if (abort.aborted) return { kind: 'notStarted', why: 'it was called off before it started' };
  const name = JSON.stringify(argv);
  if (endless.has(name)) return { kind: 'notStarted', why: 'an earlier run of it could not be ended and is still there' };
  const child = spawn(program, rest, { cwd: '/', env, shell: false, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const end = await untilEnd(child, timeoutMs, abort);
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) letBe(child, name);
  return end;
}

/** Commands that could not be ended. */
const endless = new Set<string>();

/** It must not keep this process alive, nor get another one of its kind beside it, which each reading of a signal would add. */
function letBe(child: ChildProcess, name: string): void {
  endless.add(name);
  child.once('exit', () => endless.delete(name));
  child.unref();
  for (const stream of [child.stdout, child.stderr]) letGo(stream);
}

function untilEnd(child: ChildProcess, timeoutMs: number, abort: AbortSignal): Promise<Ended> {
  return new Promise((resolve) => {
    const output = collectOutput(child);
    let killedFor: string | undefined;
    let giveUp: NodeJS.Timeout | undefined;
    const kill = (why: string) => {
      killedFor ??= why;
      endGroup(child.pid);
      giveUp ??= setTimeout(() => settle(endOf(null, `${killedFor}, and it could not be ended`, output())), graceMs + goneMs);
    };
    const limit = setTimeout(() => kill(`it did not end within ${timeoutMs} ms`), timeoutMs);
    const calledOff = () => kill('it was called off');
    abort.addEventListener('abort', calledOff, { once: true });
    const settle = (end: Ended) => {
      clearTimeout(limit);
      clearTimeout(giveUp);
      abort.removeEventListener('abort', calledOff);
      resolve(end);
    };
    child.once('error', (error) => settle({ kind: 'notStarted', why: error.message }));
    child.once('exit', (code, signal) => {
      const end = () => settle(endOf(code, killedFor ?? (signal ? `it was ended by ${signal}` : undefined), output()));
      // What came while this process was busy is read before an immediate, and after a timer.
      const patience = setTimeout(() => setImmediate(end), lastOutputMs);
      child.once('close', () => {
        clearTimeout(patience);
        end();
      });
    });
  });
}

const endOf = (code: number | null, killedFor: string | undefined, { output, stdout }: Output): Ended =>
  code === null || killedFor !== undefined
    ? { kind: 'killed', why: killedFor ?? 'it was ended by a signal', output }
    : { kind: 'exited', code, output, stdout };

interface Output {
  readonly output: string;
  readonly stdout: string;
}

/** Keeps the first 64 KB and reads on without keeping: a full pipe would block the program, a closed one end its daemon. */
function collectOutput(child: ChildProcess): () => Output {
  const kept: { readonly stream: Readable | null; readonly chunk: Buffer }[] = [];
  let room = outputBytesMax;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      if (room > 0) kept.push({ stream, chunk: chunk.subarray(0, room) });
      room -= chunk.length;
    });
    child.once('exit', () => letGo(stream));
  }
  const text = (some: typeof kept): string => printable(Buffer.concat(some.map((one) => one.chunk)).toString('utf8'));
  return () => ({ output: text(kept), stdout: text(kept.filter((one) => one.stream === child.stdout)) });
}

/** A daemon's open output must not keep this process alive. */
function letGo(stream: Readable | null): void {
  if (stream !== null && 'unref' in stream && typeof stream.unref === 'function') stream.unref();
}

const printable = (text: string): string => text.replace(/(?![\n\t])\p{Cc}/gu, '').trimEnd();

/** Ends a whole process group, and what has left it without being let go, politely first. */
export function endGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  // Looked up before anybody ends: the children of who has ended are init's.
  const beneath = descendantsOf(leader);
  const signal = (name: NodeJS.Signals) => {
    signalGroup(leader, name);
    for (const one of beneath) signalIfStillThere(one, name);
  };
  signal('SIGTERM');
  setTimeout(() => signal('SIGKILL'), graceMs);
}

function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch {
    // The group is gone, which is what was wanted.
  }
}

/** The program's file: an absolute path as it stands, a bare name by PATH. A relative path depends on who started hale. */
export function locateProgram(name = ''): string | undefined {
  if (name === '' || name.includes('\0')) return undefined;
  if (isAbsolute(name)) return isProgram(name) ? name : undefined;
  if (name.includes('/')) return undefined;
  const folders = (process.env.PATH ?? '').split(':').filter((folder) => isAbsolute(folder));
  return folders.map((folder) => join(folder, name)).find(isProgram);
}

export const noProgram = (name = ''): string =>
  `there is no program ${JSON.stringify(name)}: give the absolute path of an executable file, e.g. /usr/local/bin/shop-restart`;

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
