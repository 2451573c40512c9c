import { mkdirSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CannotStart } from './cannot-start.js';
import { identify, isRunning } from './process-identity.js';
import type { RunFile } from './run-file.js';

/** A claim takes milliseconds; an older lock was left by a killed process. */
const lockMsMax = 5_000;

/** Makes this process the one that runs on the state folder. Throws CannotStart when another one does. */
export function claimState(state: string, openRunFile: () => RunFile): RunFile {
  const lock = join(state, 'claim.lock');
  takeLock(lock, state);
  try {
    const runFile = openRunFile();
    const main = runFile.processOf('main');
    if (main && isRunning(main)) throw alreadyRuns(state, main.pid);
    const self = identify(process.pid);
    if (self) runFile.setProcess('main', self);
    return runFile;
  } finally {
    rmdirSync(lock);
  }
}

function takeLock(lock: string, state: string): void {
  const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  if (age > lockMsMax) rmdirSync(lock);
  try {
    mkdirSync(lock);
  } catch {
    throw alreadyRuns(state);
  }
}

function alreadyRuns(state: string, pid?: number): CannotStart {
  const who = pid === undefined ? 'is starting' : `runs as process ${pid}`;
  return new CannotStart(
    `another hale ${who} on the state folder ${state}. \`hale status --state ${state}\` shows it; a second one beside it needs a folder of its own, for example --state ${state}-2.`,
    6,
  );
}
