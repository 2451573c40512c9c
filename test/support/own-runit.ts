import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** A real service under a real runsv, which needs no init of its own. */
export interface RunitService {
  readonly service: string;
  /** How often it was started, by its own account. */
  readonly starts: () => Promise<number>;
  /** Its process, as runsv knows it. */
  readonly process: () => Promise<string>;
  /** Somebody else starts it anew, stops it, or ends its supervisor. */
  readonly sv: (command: 'restart' | 'down' | 'exit') => void;
  /** Ends it and its supervisor. */
  readonly stop: () => void;
}

/** In an empty folder. Its last word is `exec sleep`, by which its start is known to be over. */
export async function ownRunit(folder: string, run = 'exec sleep 1000'): Promise<RunitService> {
  const service = join(folder, 'shop');
  await mkdir(service);
  await writeFile(join(service, 'run'), `#!/bin/sh\necho started >> ${folder}/ledger\n${run}\n`);
  await chmod(join(service, 'run'), 0o755);
  const runsv = spawn('runsv', [service], { stdio: 'ignore', detached: true });
  const stop = (): void => void spawnSync('kill', ['-KILL', '--', `-${runsv.pid}`]);
  const sv = (command: string): void => void execFileSync('sv', ['-w', '7', command, service], { stdio: 'pipe' });
  const process = (): Promise<string> => readFile(join(service, 'supervise', 'pid'), 'utf8').catch(() => '');
  /** Its account is written before it becomes the program that runs on. */
  const settled = async (): Promise<boolean> => {
    const pid = (await process()).trim();
    return pid === '' || (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).startsWith('sleep');
  };
  const starts = async (): Promise<number> => {
    await until(settled);
    return (await readFile(join(folder, 'ledger'), 'utf8').catch(() => '')).split('\n').length - 1;
  };
  await until(async () => (await starts()) === 1);
  await until(async () => spawnSync('sv', ['status', service], { encoding: 'utf8' }).stdout.startsWith('run'));
  return { service, starts, process, sv, stop };
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const began = performance.now(); !(await isSo()); await wait(20))
    if (performance.now() - began > 10_000) throw new Error('the service of runit did not get there within 10 s');
}
