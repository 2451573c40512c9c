import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Call } from '../../activities/ports.js';
import { TargetRefused } from '../../domain/failure.js';

/** A change of one name in a folder: what stands there now, and what shall. */
export interface Swap {
  readonly path: string;
  readonly isUnchanged: () => boolean;
  /** Writes the new thing under a temporary name in the same folder; undefined takes the name away. */
  readonly stage: ((temporary: string) => void) | undefined;
}

/**
 * Compare and swap on a path. Comparing and renaming follow each other with nothing awaited in between: the smallest
 * window that a file system without a conditional rename leaves. Throws `TargetRefused` when nothing was done.
 */
export async function swap({ path, isUnchanged, stage }: Swap, call: Pick<Call, 'actionId' | 'fence' | 'permit'>): Promise<void> {
  const temporary = temporaryName(path, call);
  await call.permit();
  try {
    rmSync(temporary, { force: true });
    stage?.(temporary);
    if (!isUnchanged()) throw new TargetRefused(`${path} changed since it was looked at`);
    if (stage === undefined) rmSync(path);
    else renameSync(temporary, path);
  } catch (error) {
    // Until the rename has succeeded every failure means that nothing was done.
    rmSync(temporary, { force: true });
    throw error instanceof TargetRefused ? error : new TargetRefused(error instanceof Error ? error.message : String(error));
  }
  syncFolder(dirname(path));
}

/** The same for every try of one call, so that a retry clears away what a killed one left; hidden from `*.conf`. */
function temporaryName(path: string, { actionId, fence }: Pick<Call, 'actionId' | 'fence'>): string {
  const tag = createHash('sha256').update(`${actionId} ${fence}`).digest('hex').slice(0, 12);
  return join(dirname(path), `.${basename(path)}.hale-${tag}`);
}

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
