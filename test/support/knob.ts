import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Knob, ownKnob } from './own-knob.js';

/** A folder of this test's own, gone when it ends. */
export async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hale-target-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export type { Knob } from './own-knob.js';

export const freshKnob = async (): Promise<Knob> => ownKnob(await freshFolder());
