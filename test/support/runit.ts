import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { freshFolder } from './knob.js';

/** A real service under a real runsv, which needs no init of its own. */
export interface RunitService {
  readonly service: string;
  /** How often it was started, by its own account. */
  readonly starts: () => Promise<number>;
  /** Its process, as runsv knows it. */
  readonly process: () => Promise<string>;
  /** Somebody else starts it anew, stops it, or ends its supervisor. */
  readonly sv: (command: 'restart' | 'down' | 'exit') => void;
}

/** Its last word is `exec sleep`, by which its start is known to be over. */
export async function freshRunit(run = 'exec sleep 1000'): Promise<RunitService> {
  const folder = await freshFolder();
  const service = join(folder, 'shop');
  await mkdir(service);
  await writeFile(join(service, 'run'), `#!/bin/sh\necho started >> ${folder}/ledger\n${run}\n`);
  await chmod(join(service, 'run'), 0o755);
  const runsv = spawn('runsv', [service], { stdio: 'ignore', detached: true });
  onTestFinished(() => void spawnSync('kill', ['-KILL', '--', `-${runsv.pid}`]));
  const sv = (command: string): void => void execFileSync('sv', ['-w', '7', command, service], { stdio: 'pipe' });
  const process = (): Promise<string> => readFile(join(service, 'supervise', 'pid'), 'utf8').catch(() => '');
  /** Its account is written before it becomes the program that runs on. */
  const settled = async (): Promise<boolean> => {
    const pid = (await process()).trim();
    return pid === '' || (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).startsWith('sleep');
  };
  const starts = async (): Promise<number> => {
    await expect.poll(settled, { timeout: 10_000 }).toBe(true);
    return (await readFile(join(folder, 'ledger'), 'utf8').catch(() => '')).split('\n').length - 1;
  };
  await expect.poll(starts, { timeout: 10_000 }).toBe(1);
  await expect.poll(() => execFileSync('sv', ['status', service], { encoding: 'utf8' })).toMatch(/^run/);
  return { service, starts, process, sv };
}
